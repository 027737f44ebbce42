import { readJobRecord } from '../../coordinator/job-access.ts';
import type { Command } from '../arguments/command.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { repeatFlags, STACK_FLAGS } from '../arguments/stack-flags.ts';
import { findStackJob } from '../stack/find-stack-job.ts';
import { onStack } from '../stack/on-stack.ts';
import type { StackAccess } from '../stack/stack-access.ts';
import { watchJob } from '../stack/watch-job.ts';

export const command: Command = {
  name: 'watch',
  operand: '[jobId]',
  summary: 'Follows a job on AWS to its end; the newest one when none is named.',
  details:
    'Ctrl-C stops watching; the job goes on. Ends with the exit code of the job: 0 done, 1 failed, 3 cancelled, 4 over budget.',
  flags: [
    { name: 'json', summary: 'one JSON object on standard output when it ends, as status --json' },
    { name: 'quiet', summary: 'no progress and no summary; errors only' },
    ...STACK_FLAGS,
  ],
  examples: ['refold watch', 'refold watch word-count-1f0c --stack analytics'],
  run,
};

async function run(given: GivenArguments): Promise<number> {
  return await onStack(given, (access) => watchOnStack(access, given));
}

export async function watchOnStack(access: StackAccess, given: GivenArguments): Promise<number> {
  const { jobId } = await findStackJob(access, given.operand);
  const record = await readJobRecord(access.world, jobId);
  return await watchJob(access, record, {
    isQuiet: given.has('quiet'),
    isJson: given.has('json'),
    flags: repeatFlags(given),
  });
}
