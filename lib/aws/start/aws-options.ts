import { InvalidOptionError } from '../../errors.ts';
import { type JobOptions, type ResolvedOptions, resolveJobOptions } from '../../job/job-options.ts';
import type { JobShape } from '../../job/job-shape.ts';
import { WORKERS_OPEN } from './run-record.ts';

/** A job of this size, whole in one sandbox, takes seconds; below it the machine's own steps are most of the time. */
const AWS_DEFAULTS: JobOptions = { soloBytes: 64_000_000 };

/** @throws InvalidOptionError for what is not the submission's to say */
export function refuseOptions(options: JobOptions): void {
  for (const [option, value] of Object.entries(options)) {
    const hint = refusalOf(option, value);
    if (hint !== undefined)
      throw new InvalidOptionError({ option, value: String(value), rule: 'an option of a job on AWS', hint });
  }
}

/** The options of a job on AWS: what belongs to the deployment counts as not given where the job file gives it. */
export function resolveAwsOptions(shape: JobShape, given: JobOptions): ResolvedOptions {
  const own: JobOptions = Object.fromEntries(
    Object.entries(shape.options).filter(([name, value]) => refusalOf(name, value) === undefined),
  );
  return resolveJobOptions(WORKERS_OPEN, AWS_DEFAULTS, own, given);
}

/** Why an option has no say on AWS; undefined when it has. */
function refusalOf(option: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (option === 'maxAttempts')
    return 'It is a property of the stack: set maxAttempts of the MapReduce construct and deploy again.';
  if (option === 'taskTimeoutMs')
    return 'It is a property of the stack: set timeout of the MapReduce construct and deploy again.';
  if (option === 'workers' && value === 'inline')
    return 'Give a number of tasks at a time, or leave it out for as many as the account allows.';
  return undefined;
}
