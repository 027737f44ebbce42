import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { RefoldError } from '../../errors.ts';
import { openFileOutput } from '../../local/files/file-output-store.ts';
import { isS3Location } from '../../node/s3-location.ts';
import { parseSuccess, type SuccessFile } from '../../output/success-file.ts';
import type { OpenOutput, OutputStore } from '../../ports/output-store.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import type { Command } from '../arguments/command.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { namedStack, OPTIONAL_STACK_FLAGS } from '../arguments/stack-flags.ts';
import { readParts } from '../jobs/read-parts.ts';
import { findJob, requireWorkArea } from '../local/work-area.ts';
import { writeToStdout } from '../show/standard-output.ts';
import { findStackJob } from '../stack/find-stack-job.ts';
import { onStack } from '../stack/on-stack.ts';
import type { StackAccess } from '../stack/stack-access.ts';

export const command: Command = {
  name: 'cat',
  operand: '[jobId|folder|s3://…]',
  summary: 'Writes the output of a finished job to standard output, part after part.',
  details: 'The bytes as they are: compressed parts stay compressed. The newest job when none is named.',
  flags: OPTIONAL_STACK_FLAGS,
  examples: [
    'refold cat counts | sort -rnk2 | head',
    'refold cat word-count-1f0c',
    'refold cat word-count-1f0c --stack refold',
    'refold cat s3://my-results/counts | head',
  ],
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

async function run(given: GivenArguments): Promise<number> {
  const { operand } = given;
  if (namedStack(given) !== undefined || (operand !== undefined && isS3Location(operand)))
    return await onStack(given, (access) => catOnStack(access, operand));
  const { output, success } = await findOutput(operand);
  await writeToStdout(readParts(output, success));
  return 0;
}

export async function catOnStack(access: StackAccess, operand: string | undefined): Promise<number> {
  const { output, success } = await findOutputOnStack(access, operand);
  await writeToStdout(readParts(output, success));
  return 0;
}

/** An output prefix, or else a job. */
async function findOutputOnStack(access: StackAccess, given: string | undefined): Promise<FoundOutput> {
  const { openOutput } = access.world;
  if (given !== undefined && isS3Location(given)) return await openFrom(openOutput, given.replace(/\/+$/, ''), 'cat');
  const job = await findStackJob(access, given);
  return checkOwner(await openFrom(openOutput, job.outputPath, job.jobId), job);
}

type FoundOutput = { readonly output: OutputStore; readonly success: SuccessFile };

/** An output folder, by its path, or else a job. */
async function findOutput(given: string | undefined): Promise<FoundOutput> {
  const open = openFileOutput({ cwd: process.cwd() });
  if (given !== undefined && existsSync(resolve(given))) return await openFrom(open, given, 'cat');
  const job = await findJob(requireWorkArea(), given);
  return checkOwner(await openFrom(open, job.outputPath, job.jobId), job);
}

function checkOwner(found: FoundOutput, job: JobItem): FoundOutput {
  if (found.success.jobId === job.jobId) return found;
  throw new NoOutputError({ location: `${job.outputPath}, which ${found.success.jobId} has written since,` });
}

async function openFrom(open: OpenOutput, location: string, jobId: string): Promise<FoundOutput> {
  const output = open(location, jobId);
  const bytes = await output.readSuccess();
  const success = bytes === undefined ? undefined : parseSuccess(bytes);
  if (success === undefined) throw new NoOutputError({ location });
  return { output, success };
}
