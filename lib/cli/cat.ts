import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { RefoldError } from '../errors.ts';
import { openFileOutput } from '../local/file-output-store.ts';
import { parseSuccess, type SuccessFile } from '../output/success-file.ts';
import type { OutputStore } from '../ports/output-store.ts';
import type { Command } from './command.ts';
import type { GivenArguments } from './parse-arguments.ts';
import { readParts } from './read-parts.ts';
import { writeToStdout } from './standard-output.ts';
import { findJob, requireWorkArea } from './work-area.ts';

export const command: Command = {
  name: 'cat',
  operand: '[jobId|folder]',
  summary: 'Writes the output of a finished job to standard output, part after part.',
  details: 'The bytes as they are: compressed parts stay compressed. The newest job when none is named.',
  flags: [],
  examples: ['refold cat counts | sort -rnk2 | head', 'refold cat word-count-1f0c'],
  run,
};

/** The job has not ended, or its output was removed. */
export class NoOutputError extends RefoldError {
  override readonly name = 'NoOutputError';
  readonly code = 'REFOLD_NO_OUTPUT';
  readonly retryable = false;
  readonly hint = 'Run the job to its end; without _SUCCESS the output is not whole. See refold status.';
  constructor(values: { location: string }) {
    super(`${values.location} holds no finished output.`, values);
  }
}

async function run({ operand }: GivenArguments): Promise<number> {
  const { output, success } = await findOutput(operand);
  await writeToStdout(readParts(output, success));
  return 0;
}

/** An output folder, by its path, or else a job. */
async function findOutput(given: string | undefined): Promise<{ readonly output: OutputStore; readonly success: SuccessFile }> {
  if (given !== undefined && existsSync(resolve(given))) return await openOutput(given, 'cat');
  const job = await findJob(requireWorkArea(), given);
  const found = await openOutput(job.outputPath, job.jobId);
  if (found.success.jobId === job.jobId) return found;
  throw new NoOutputError({ location: `${job.outputPath}, which ${found.success.jobId} has written since,` });
}

async function openOutput(
  location: string,
  jobId: string,
): Promise<{ readonly output: OutputStore; readonly success: SuccessFile }> {
  const output = openFileOutput({ cwd: process.cwd() })(location, jobId);
  const bytes = await output.readSuccess();
  const success = bytes === undefined ? undefined : parseSuccess(bytes);
  if (success === undefined) throw new NoOutputError({ location });
  return { output, success };
}
