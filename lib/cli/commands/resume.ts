import { readJobRecord } from '../../coordinator/job-access.ts';
import type { Command } from '../arguments/command.ts';
import { RUN_OPTION_FLAGS, readOptions } from '../arguments/option-flags.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { namedStack, OPTIONAL_STACK_FLAGS, repeatFlags, useAccount } from '../arguments/stack-flags.ts';
import { driveJob } from '../local/drive-job.ts';
import { findJob, requireWorkArea } from '../local/work-area.ts';
import { findStackJob } from '../stack/find-stack-job.ts';
import { onStack } from '../stack/on-stack.ts';
import type { StackAccess } from '../stack/stack-access.ts';

export const command: Command = {
  name: 'resume',
  operand: '[jobId]',
  summary: 'Goes on with a job that was killed, stopped, cancelled or failed; the newest one when none is named.',
  details:
    'Runs the code, input and options that the job was started with, also when the source file has changed since. Finished tasks are not run again.',
  flags: [
    ...RUN_OPTION_FLAGS,
    { name: 'overwrite', summary: 'replace what lies at the output' },
    { name: 'json', summary: 'one JSON object on standard output when it ends; not for a job that writes there' },
    { name: 'quiet', summary: 'no progress and no summary; errors only' },
    { name: 'detach', summary: 'on a stack: start it and return at once' },
    ...OPTIONAL_STACK_FLAGS,
  ],
  examples: [
    'refold resume',
    'refold resume word-count-1f0c --workers 10',
    'refold resume word-count-1f0c --stack refold --budget-usd 10',
  ],
  run,
};

async function run(given: GivenArguments): Promise<number> {
  if (namedStack(given) !== undefined) return await onStack(given, (access) => resumeOnStack(access, given));
  if (given.has('detach')) {
    const { UsageError } = await import('../arguments/usage-error.ts');
    throw new UsageError({ problem: '--detach is for jobs on a stack.', hint: 'Name the stack: --stack NAME.' });
  }
  const area = requireWorkArea();
  const { jobId } = await findJob(area, given.operand);
  const record = await readJobRecord(area.world, jobId);
  const isJson = given.has('json');
  if (isJson && record.toStdout) {
    const { UsageError } = await import('../arguments/usage-error.ts');
    throw new UsageError({ problem: '--json is not for this job.', hint: 'It writes its data to standard output.' });
  }
  const [{ prepareResume }, { adaptersFor }] = await Promise.all([
    import('../../local/job/prepare-job.ts'),
    import('../local/local-adapters.ts'),
  ]);
  useAccount(given);
  const adapters = await adaptersFor(record.inputs.map(({ location }) => location));
  return await driveJob((hooks) => prepareResume(record, area.settings, readOptions(given), { ...hooks, adapters }), {
    overwrite: given.has('overwrite'),
    isQuiet: given.has('quiet'),
    isJson,
  });
}

export async function resumeOnStack(access: StackAccess, given: GivenArguments): Promise<number> {
  const { jobId } = await findStackJob(access, given.operand);
  const options = { isQuiet: given.has('quiet'), isJson: given.has('json'), flags: repeatFlags(given) };
  const started = await access.resume(jobId, readOptions(given), given.has('overwrite'));
  const { followStarted } = await import('../stack/watch-job.ts');
  return await followStarted(access, started.record, started, { ...options, isDetached: given.has('detach') });
}
