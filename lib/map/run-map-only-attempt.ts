import { type AttemptFile, writeAttemptFile } from '../output/attempt-file.ts';
import { openAttemptOutput } from '../output/attempt-output.ts';
import type { OutputResult } from '../ports/task-ledger.ts';
import { mapAttemptKey } from '../work/work-layout.ts';
import { mapSplit } from './map-split.ts';
import type { MapAttempt } from './run-map-attempt.ts';

/** Maps one split of a job without reduce, and stages its part. Commits nothing: the caller does. */
export async function runMapOnlyAttempt(options: MapAttempt): Promise<OutputResult> {
  const { world, job, task, control } = options;
  try {
    const attemptKey = mapAttemptKey(job.jobId, task.step, task.index, control.attemptId);
    await writeAttemptFile(world, attemptKey, await mapToFile(options));
    return { kind: 'reduce', attemptKey, digest: '', generation: 0 };
  } finally {
    world.scratch.clear();
  }
}

/** The same without the attempt file, for Solo, which writes one for all its tasks. */
export async function mapToFile(options: MapAttempt): Promise<AttemptFile> {
  const { control, task, step } = options;
  const output = await openAttemptOutput({
    world: options.world,
    job: options.job,
    step,
    index: task.index,
    count: options.plan.splits,
    attemptId: control.attemptId,
  });
  try {
    const mapped = await mapSplit(options, {
      emit: (key, value) => output.emit(key, value),
      emitEncoded: (bytes, start, keyEnd, end) => output.emitEncoded(bytes, start, keyEnd, bytes, keyEnd, end),
      gate: output.gate,
      hold: () => output.hold(),
      between: () => (output.isFull ? output.drain() : undefined),
    });
    const map = { ...mapped, pairsEmitted: output.records, pairsCombined: 0, spills: 0 };
    return { format: 1, attemptId: control.attemptId, index: task.index, map, reduces: [], ...(await output.finish()) };
  } catch (error) {
    await output.abort();
    throw error;
  }
}
