import { assert } from '../errors.ts';
import type { JobRecord } from '../job/job-record.ts';
import { parseSuccess, type SuccessFile } from '../output/success-file.ts';
import type { JobItem } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { encodeJson } from '../work/json-object.ts';
import { jobKey } from '../work/work-layout.ts';
import { checkOutput, claimOutput, dropClaim, isOutputWhole } from './claim-output.ts';
import { forgetJob } from './forget-job.ts';

export type OpenedJob =
  /** `isNew`: the ledger did not know it. */
  | { readonly kind: 'open'; readonly item: JobItem; readonly isNew: boolean }
  /** It was done before, and its output is there, whole. */
  | { readonly kind: 'done'; readonly success: SuccessFile; readonly already: boolean };

/**
 * The job in the ledger: made, found, or found to be done. One starter a job at a time. A job that is refused leaves nothing.
 * @param takeLease called before anything changes. The lease is to be asked for again once the run is started: a job that the ledger does
 * not know, or that has ended, does not hold it against others.
 * @throws OutputOccupiedError, and what `takeLease` throws
 */
export async function openJob(
  world: World,
  record: JobRecord,
  overwrite: boolean,
  takeLease: () => Promise<void> = async () => {},
): Promise<OpenedJob> {
  const { jobId } = record;
  const known = await world.ledger.readJob(jobId);
  if (known?.state === 'DONE') {
    const found = await findDoneOutput(world, record);
    if (found.kind === 'whole') return { kind: 'done', success: found.success, already: true };
    if (found.kind === 'partial') await claimOutput(world, jobId); // For what is left of it.
  }
  const found = await checkOutput(world, record, overwrite);
  await takeLease();
  if (known?.state === 'DONE') await forgetJob(world, jobId); // Its output is gone: it runs anew.
  return { kind: 'open', item: await registerJob(world, record, found), isNew: known === undefined };
}

export type DoneOutput =
  | { readonly kind: 'whole'; readonly success: SuccessFile }
  /** Parts are missing beside its `_SUCCESS`. */
  | { readonly kind: 'partial' }
  /** There is nothing of the job any more. */
  | { readonly kind: 'gone' };

/** What is left of the output of a job that is DONE. */
export async function findDoneOutput(world: Pick<World, 'openOutput'>, record: JobRecord): Promise<DoneOutput> {
  const output = world.openOutput(record.output, record.jobId);
  const bytes = await output.readSuccess();
  const success = bytes === undefined ? undefined : parseSuccess(bytes);
  if (success?.jobId !== record.jobId) return { kind: 'gone' };
  return (await isOutputWhole(output, success.parts)) ? { kind: 'whole', success } : { kind: 'partial' };
}

/**
 * `job.json` and the job's item, unless they are there. Safe to repeat.
 * @param found what `checkOutput` has answered
 */
export async function registerJob(
  world: Pick<World, 'work' | 'ledger'>,
  record: JobRecord,
  found: 'empty' | 'own' | 'replaceable',
): Promise<JobItem> {
  const { jobId } = record;
  // An older claim was for something else that lay there. The caller says that no other coordinator of the job is under way.
  await (found === 'own' ? claimOutput : dropClaim)(world, jobId);
  await world.work.putIfAbsent(jobKey(jobId), encodeJson(record));
  const { job } = await world.ledger.createJob({
    jobId,
    fingerprint: record.fingerprint,
    name: record.name,
    outputPath: record.output,
    state: 'PLANNING',
    run: 0,
    executionId: '',
    generations: record.shape.steps.map(() => 0),
    createdAtMs: record.createdAtMs,
    updatedAtMs: record.createdAtMs,
  });
  assert(job.fingerprint === record.fingerprint, 'two jobs never share an id');
  return job;
}

/** `_SUCCESS` of a job that is DONE. */
export async function readSuccess(world: World, record: JobRecord): Promise<SuccessFile> {
  const bytes = await world.openOutput(record.output, record.jobId).readSuccess();
  const success = bytes === undefined ? undefined : parseSuccess(bytes);
  assert(success !== undefined, 'a DONE job has written _SUCCESS');
  return success;
}
