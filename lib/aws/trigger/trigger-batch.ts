import { createHash } from 'node:crypto';
import { assert } from '../../errors.ts';
import type { World } from '../../ports/world.ts';
import { encodeJson, readJson } from '../../work/json-object.ts';
import { triggerBatchKey, triggerClaimKey } from '../../work/work-layout.ts';
import { forEachOf } from '../requests/in-flight.ts';
import type { Upload } from './upload-event.ts';

/**
 * Events come at least once, and a second delivery may come in another batch than the first. So that every upload is the input of exactly one
 * batch's job all the same, by conditional writes alone (docs/adr/0008):
 * 1. a batch is what was delivered together; its uploads are written down under its id, which is their hash;
 * 2. each upload is claimed for a batch, once: who comes second finds the first batch;
 * 3. a batch's members are its uploads that are claimed for it. They are known for good once each is claimed by some batch, and anybody can
 *    see to that from what step 1 wrote. So whoever meets an upload of a batch can finish what its first starter left.
 */
export type RuledUpload = Upload & { readonly uploadId: string };

type Batch = { readonly format: 1; readonly uploads: readonly RuledUpload[] };
type Claim = { readonly batchId: string };

type BatchWorld = Pick<World, 'work'>;

const REQUESTS_IN_FLIGHT = 32;

/** Steps 1 and 2: the batch of each upload, by upload. */
export async function assignUploads(
  world: BatchWorld,
  rule: string,
  uploads: readonly RuledUpload[],
): Promise<ReadonlyMap<string, string>> {
  const sorted = uploads.toSorted((a, b) => (a.uploadId < b.uploadId ? -1 : 1));
  const ids = sorted.map(({ uploadId }) => uploadId);
  const batchId = createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, 32);
  const batch: Batch = { format: 1, uploads: sorted };
  await world.work.putIfAbsent(triggerBatchKey(rule, batchId), encodeJson(batch));
  return await claimAll(world, rule, batch, batchId);
}

/** Step 3: the uploads that the batch's job is about, the same whenever and by whomever it is asked. */
export async function membersOf(world: BatchWorld, rule: string, batchId: string): Promise<readonly RuledUpload[]> {
  const batch = await readJson<Batch>(world, triggerBatchKey(rule, batchId));
  assert(batch !== undefined, 'a batch is written down before anything is claimed for it');
  const owners = await claimAll(world, rule, batch, batchId);
  return batch.uploads.filter(({ uploadId }) => owners.get(uploadId) === batchId);
}

async function claimAll(
  world: BatchWorld,
  rule: string,
  { uploads }: Batch,
  batchId: string,
): Promise<ReadonlyMap<string, string>> {
  const owners = new Map<string, string>();
  await forEachOf(uploads, REQUESTS_IN_FLIGHT, async ({ uploadId }) => {
    const key = triggerClaimKey(rule, uploadId);
    const claim: Claim = { batchId };
    const answer = await world.work.putIfAbsent(key, encodeJson(claim));
    const owner = answer === 'written' ? claim : await readJson<Claim>(world, key);
    assert(owner !== undefined, 'a claim stays');
    owners.set(uploadId, owner.batchId);
  });
  return owners;
}
