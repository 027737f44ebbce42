import { mapAttemptKey, pairsKey } from '../coordinator/work-layout.ts';
import { type AttemptFile, writeAttemptFile } from '../output/attempt-file.ts';
import { PairsOutput } from '../output/pairs-output.ts';
import { PartOutput, partName } from '../output/part-output.ts';
import type { ReduceResult } from '../ports/task-ledger.ts';
import { mapSplit } from './map-split.ts';
import type { MapAttempt } from './run-map-attempt.ts';

export type MapOnlyAttempt = MapAttempt & {
  /** How many map tasks the step has, for the part's name. */
  readonly splitCount: number;
};

/** Maps one split of a job without reduce, and stages its part. Commits nothing: the caller does. */
export async function runMapOnlyAttempt(options: MapOnlyAttempt): Promise<ReduceResult> {
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
export async function mapToFile(options: MapOnlyAttempt): Promise<AttemptFile> {
  const { control, task, step } = options;
  const output = await openOutput(options);
  try {
    const mapped = await mapSplit(options, {
      emit: (key, value) => output.emit(key, value),
      between: () => (output.isFull ? output.drain() : undefined),
    });
    const map = { ...mapped, pairsEmitted: output.records, pairsCombined: 0, spills: 0 };
    const file = { format: 1, attemptId: control.attemptId, index: task.index, map, reduces: [] } as const;
    if (output instanceof PairsOutput) return { ...file, parts: [], pairs: [await output.finish()] };
    return { ...file, parts: [await output.finish(partName(task.index, options.splitCount, step.writer.extension))], pairs: [] };
  } catch (error) {
    await output.abort();
    throw error;
  }
}

async function openOutput({ world, job, task, control, step, splitCount }: MapOnlyAttempt): Promise<PartOutput | PairsOutput> {
  const isLast = task.step === job.shape.steps.length - 1;
  if (!isLast) return new PairsOutput(world.work, pairsKey(job.jobId, task.step, task.index, control.attemptId));
  const part = await world.openOutput(job.output, job.jobId).stage(partName(task.index, splitCount, step.writer.extension), control.attemptId);
  return new PartOutput({ writer: step.writer, part, scratch: world.scratch });
}
