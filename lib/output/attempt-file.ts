import type { MapAccount, PartAccount, ReduceAccount } from '../job/attempt-account.ts';
import type { StagedPart } from '../ports/output-store.ts';
import type { World } from '../ports/world.ts';
import type { MapTotals } from '../shuffle/map-totals.ts';
import type { PairsRange } from '../split/split.ts';
import { encodeJson } from '../work/json-object.ts';

/** `reduce/<index>/<attemptId>.json`: what an attempt that writes output left, for Commit and for the receipt. Named by the ledger's commit. */
export type AttemptFile = {
  readonly format: 1;
  readonly attemptId: string;
  readonly index: number;
  /** Of a map-only job's attempt. */
  readonly map?: MapAccount;
  /** Of Solo, which has done all map tasks itself. */
  readonly mapTotals?: MapTotals;
  /** One of a reduce attempt, one a reduce task of Solo, none of a map-only job's. */
  readonly reduces: readonly ReduceAccount[];
  /** Of the last step. */
  readonly parts: readonly { readonly staged: StagedPart; readonly account: PartAccount }[];
  /** Of a step before the last. */
  readonly pairs: readonly PairsRange[];
};

export async function writeAttemptFile(world: Pick<World, 'work'>, key: string, file: AttemptFile): Promise<void> {
  await world.work.put(key, encodeJson(file));
}

/** @throws ObjectMissingError */
export async function readAttemptFile(world: Pick<World, 'work'>, key: string): Promise<AttemptFile> {
  return JSON.parse(Buffer.from(await world.work.read(key)).toString('utf8')) as AttemptFile;
}
