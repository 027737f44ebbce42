import { RefoldError } from '../errors.ts';
import type { PartAccount } from '../job/attempt-account.ts';
import type { JobRecord } from '../job/job-record.ts';
import { parseSuccess, type SuccessFile } from '../output/success-file.ts';
import type { OutputStore } from '../ports/output-store.ts';
import type { World } from '../ports/world.ts';
import { claimKey } from '../work/work-layout.ts';

/** The output path holds something that is not this job's. */
export class OutputOccupiedError extends RefoldError {
  override readonly name = 'OutputOccupiedError';
  readonly code = 'REFOLD_OUTPUT_OCCUPIED';
  readonly retryable = false;
  readonly hint = 'Choose another --output, or replace what is there with --overwrite.';
  constructor(values: { output: string; example: string }, options?: ErrorOptions) {
    super(`The output ${values.output} is not empty: it holds ${values.example}.`, values, options);
  }
}

/**
 * What lies at the output: nothing, the job's own, or what the run may overwrite.
 * @throws OutputOccupiedError, OutputUnwritableError
 */
export async function checkOutput(
  world: Pick<World, 'openOutput' | 'work'>,
  { output: location, jobId }: JobRecord,
  overwrite: boolean,
): Promise<'empty' | 'own' | 'replaceable'> {
  const output = world.openOutput(location, jobId);
  const state = await output.inspect();
  if (state.kind === 'empty') return 'empty';
  if (await isOutputOwn(world, output, jobId)) return 'own';
  if (!overwrite) throw new OutputOccupiedError({ output: location, example: state.example });
  return 'replaceable';
}

/**
 * Says that what lies at the output is the job's, to replace or remove. Put after `checkOutput` and before the output changes; once
 * `_SUCCESS` is written there is nothing left to claim.
 */
export async function claimOutput(world: Pick<World, 'work'>, jobId: string): Promise<void> {
  await world.work.put(claimKey(jobId), new Uint8Array());
}

export async function dropClaim(world: Pick<World, 'work'>, jobId: string): Promise<void> {
  await world.work.delete([claimKey(jobId)]);
}

/** May the job take away what lies there? It has claimed it, and a `_SUCCESS` is its own and vouches for all parts beside it. */
export async function isOutputOwn(world: Pick<World, 'work'>, output: OutputStore, jobId: string): Promise<boolean> {
  const bytes = await output.readSuccess();
  // The claim is dropped once `_SUCCESS` is there, which is before the job is DONE: from then on that speaks for the job.
  if (bytes === undefined) return (await world.work.head(claimKey(jobId))) !== undefined;
  const success = readSuccessOf(bytes, jobId);
  if (success === undefined) return false;
  const own = new Map(success.parts.map((part) => [part.name, part.bytes]));
  return (await output.listParts()).every(({ name, bytes }) => own.get(name) === bytes);
}

/** Are all parts there that `_SUCCESS` names, by name and size? */
export async function isOutputWhole(output: OutputStore, parts: Iterable<Pick<PartAccount, 'name' | 'bytes'>>): Promise<boolean> {
  const found = new Map((await output.listParts()).map(({ name, bytes }) => [name, bytes]));
  for (const { name, bytes } of parts) if (found.get(name) !== bytes) return false;
  return true;
}

/** Undefined when another job or program wrote it. */
function readSuccessOf(bytes: Uint8Array, jobId: string): SuccessFile | undefined {
  const success = parseSuccess(bytes);
  return success?.jobId === jobId ? success : undefined;
}
