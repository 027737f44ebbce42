import { readJobRecord } from '../coordinator/job-access.ts';
import type { Command } from './command.ts';
import { driveJob } from './drive-job.ts';
import { RUN_OPTION_FLAGS, readOptions } from './option-flags.ts';
import type { GivenArguments } from './parse-arguments.ts';
import { findJob, requireWorkArea } from './work-area.ts';

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
  ],
  examples: ['refold resume', 'refold resume word-count-1f0c --workers 10'],
  run,
};

async function run(given: GivenArguments): Promise<number> {
  const area = requireWorkArea();
  const { jobId } = await findJob(area, given.operand);
  const record = await readJobRecord(area.world, jobId);
  const isJson = given.has('json');
  if (isJson && record.toStdout) {
    const { UsageError } = await import('./usage-error.ts');
    throw new UsageError({ problem: '--json is not for this job.', hint: 'It writes its data to standard output.' });
  }
  const { prepareResume } = await import('../local/prepare-job.ts');
  return await driveJob((hooks) => prepareResume(record, area.settings, readOptions(given), hooks), {
    overwrite: given.has('overwrite'),
    isQuiet: given.has('quiet'),
    isJson,
  });
}
