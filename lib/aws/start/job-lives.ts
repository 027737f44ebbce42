import { isOutputOwn } from '../../coordinator/claim-output.ts';
import { findDoneOutput } from '../../coordinator/open-job.ts';
import { assert } from '../../errors.ts';
import { fingerprintOf, jobIdOf } from '../../job/fingerprint.ts';
import type { JobRecord } from '../../job/job-record.ts';
import type { SuccessFile } from '../../output/success-file.ts';
import type { World } from '../../ports/world.ts';

/** A job under the id that it is to be started by, or what it left when it was done. */
export type JobLife =
  | { readonly kind: 'done'; readonly record: JobRecord; readonly success: SuccessFile }
  /** `ownsRest`: what lies at the output is of an earlier life. */
  | { readonly kind: 'open'; readonly record: JobRecord; readonly ownsRest: boolean };

const LIVES_MAX = 1000;

/**
 * A job that is DONE and whose output is gone runs anew. Its item and work data stay as they are, because several starters may look at once
 * and none could delete what another has just made: it runs as another job, its next life, whose id follows from the one before. So
 * all starters that see the same agree on it.
 */
export async function findLife(world: Pick<World, 'ledger' | 'work' | 'openOutput'>, given: JobRecord): Promise<JobLife> {
  let record = given;
  let ownsRest = false;
  for (let life = 0; life < LIVES_MAX; life++) {
    const known = await world.ledger.readJob(record.jobId);
    if (known?.state !== 'DONE') return { kind: 'open', record, ownsRest };
    const found = await findDoneOutput(world, record);
    if (found.kind === 'whole') return { kind: 'done', record, success: found.success };
    ownsRest =
      found.kind === 'partial' && (await isOutputOwn(world, world.openOutput(record.output, record.jobId), record.jobId));
    record = nextLife(record);
  }
  assert(false, 'no output is lost that often');
}

function nextLife(record: JobRecord): JobRecord {
  const next = { ...record, salt: `after ${record.jobId}` };
  const fingerprint = fingerprintOf(next);
  return { ...next, fingerprint, jobId: jobIdOf(record.name, fingerprint) };
}
