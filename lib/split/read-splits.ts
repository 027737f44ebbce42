import type { World } from '../ports/world.ts';
import type { RowRef } from '../work/row-ref.ts';
import { decodeSplit, type Split } from './split.ts';
import type { StepPlan } from './step-plan.ts';

/** Where a split's row lies. */
export function splitRow(plan: StepPlan, index: number): RowRef {
  const chunk = plan.chunks.findLast((candidate) => candidate.firstSplit <= index)!;
  const row = index - chunk.firstSplit;
  return { key: chunk.key, byteStart: row === 0 ? 0 : chunk.rowEnds[row - 1]!, byteEnd: chunk.rowEnds[row]! };
}

/** Every split of a step, in order, a chunk in memory at a time. */
export async function* eachSplit(world: Pick<World, 'work'>, plan: Pick<StepPlan, 'chunks'>): AsyncGenerator<Split> {
  for (const chunk of plan.chunks) {
    const rows = await world.work.read(chunk.key);
    let byteStart = 0;
    for (const byteEnd of chunk.rowEnds) {
      yield decodeSplit(rows.subarray(byteStart, byteEnd));
      byteStart = byteEnd;
    }
  }
}

/** All of them at once: for a step that runs whole in one sandbox. */
export async function readSplits(world: Pick<World, 'work'>, plan: Pick<StepPlan, 'chunks'>): Promise<readonly Split[]> {
  const splits: Split[] = [];
  for await (const split of eachSplit(world, plan)) splits.push(split);
  return splits;
}
