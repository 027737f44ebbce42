import type { PreparedSubmission, Submission } from '../../aws/start/prepare-submission.ts';
import { isS3Location } from '../../node/s3-location.ts';
import type { Command } from '../arguments/command.ts';
import { JOB_FLAGS, readRequest } from '../arguments/job-flags.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { repeatFlags, STACK_FLAGS } from '../arguments/stack-flags.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { type Row, showRows } from '../show/rows.ts';
import { showBytes, showNumberOf } from '../show/show-quantity.ts';
import { onStack } from '../stack/on-stack.ts';
import { billTotal } from '../stack/show-cost.ts';
import type { StackAccess } from '../stack/stack-access.ts';
import { followStarted } from '../stack/watch-job.ts';

/** Known here so that they are refused with the reason. */
const OF_STACK: ReadonlySet<string> = new Set(['max-attempts', 'task-timeout-ms']);

export const command: Command = {
  name: 'submit',
  operand: '<job.ts>',
  summary: 'Starts a job on AWS and follows it to its end.',
  details: [
    'The job must be deployed as it stands (refold deploy), unless the stack takes published code. Input and output lie on S3, in what the stack was deployed for.',
    'The same command over the same input is the same job: it goes on from the finished tasks, and started twice it runs once. Ctrl-C stops watching, not the job.',
  ].join('\n'),
  flags: [
    ...stackJobFlags(),
    { name: 'detach', summary: 'start it and return at once' },
    { name: 'overwrite', summary: 'replace what lies at the output' },
    { name: 'json', summary: 'one JSON object on standard output' },
    { name: 'quiet', summary: 'no progress and no summary; errors only' },
    ...STACK_FLAGS,
  ],
  examples: [
    'refold submit word-count.ts --input s3://my-logs/raw --output s3://my-results/counts',
    'refold submit join.ts --input visits=s3://my-logs/visits --input pages=s3://my-logs/pages.csv --output s3://my-results/joined --budget-usd 5',
    'refold submit word-count.ts --input s3://my-logs/raw --output s3://my-results/counts --detach --json',
  ],
  run,
};

/** The flags that name a job, told for S3. */
export function stackJobFlags(): Command['flags'] {
  return JOB_FLAGS.map((flag) => {
    if (flag.name === 'input') return { ...flag, value: '[NAME=]s3://…', summary: 'an object, a prefix, or a quoted glob' };
    if (flag.name === 'output') return { ...flag, value: 's3://BUCKET/PREFIX', summary: 'where the parts go' };
    if (flag.name === 'workers') return { ...flag, value: 'N', summary: 'tasks at a time; as many as the account allows' };
    if (OF_STACK.has(flag.name)) return { ...flag, summary: 'is for the stack to say: refused here' };
    return flag;
  });
}

async function run(given: GivenArguments): Promise<number> {
  const submission = readSubmission(given);
  return await onStack(given, (access) => submitToStack(access, submission, given));
}

/** @throws UsageError where something is not on S3 */
export function readSubmission(given: GivenArguments): Submission {
  const { output, ...request } = readRequest(given);
  const { inputs } = request;
  for (const [name, location] of Object.entries(inputs)) {
    if (location === '-') throw new UsageError({ problem: 'There is no input.', hint: 'Give --input s3://bucket/prefix.' });
    if (isS3Location(location)) continue;
    const hint = `AWS reads from S3: copy it there (aws s3 cp --recursive ${location} s3://bucket/prefix), or run the job here: refold run.`;
    throw new UsageError({ problem: `The input ${name === '' ? '' : `${name}=`}${location} is not on S3.`, hint });
  }
  if (output === undefined || !isS3Location(output)) {
    const problem = output === undefined ? 'There is no output.' : `The output ${output} is not on S3.`;
    throw new UsageError({ problem, hint: 'Give --output s3://bucket/prefix.' });
  }
  return { ...request, output };
}

export async function submitToStack(access: StackAccess, submission: Submission, given: GivenArguments): Promise<number> {
  const options = { isQuiet: given.has('quiet'), isJson: given.has('json'), flags: repeatFlags(given) };
  const say = (text: string): void => {
    if (!options.isQuiet) process.stderr.write(text);
  };
  const prepared = await access.prepare(submission);
  say(describeSubmission(access, prepared));
  const started = await access.start(prepared, submission.jobFile);
  return await followStarted(access, started.record, started, { ...options, isDetached: given.has('detach') });
}

/** The job and its price, before anything runs. */
function describeSubmission(access: StackAccess, prepared: PreparedSubmission): string {
  const { record, options } = prepared;
  return showRows([
    ['job', `${record.jobId} on the stack ${access.stack}`],
    ...record.inputs.map(
      ({ location, objects, bytes }): Row => ['input', `${location}: ${showNumberOf(objects, 'object')}, ${showBytes(bytes)}`],
    ),
    ['output', record.output],
    ['price', `${billTotal(access.estimate(prepared))}; its items: refold plan`],
    ...(options.budgetUsd === null ? [] : [['budget', `$${options.budgetUsd}`] as const]),
  ]);
}
