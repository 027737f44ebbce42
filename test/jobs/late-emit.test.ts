import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { runJob } from './run-job.ts';
import { numbers, writeJob, writeLines } from './write-job.ts';

const phases = { soloBytes: 0, workers: 'inline', reduceTasks: 1, maxAttempts: 1 } as const;
/** Emits once everything that runs now has run: while the engine waits for more bytes. What emit throws is swallowed. */
const later = 'setImmediate(() => { try { emit("late", 1); } catch {} });';

describe('a job that emits from a callback nobody waits for', () => {
  it.each([
    { what: 'map', definition: `map(line, emit) { emit('a', 1); if (line === '1') ${later} }, reduce: sum()` },
    { what: 'a map without reduce', definition: `map(line, emit) { emit('a', 1); if (line === '1') ${later} }` },
    {
      what: 'a map of another job’s pairs',
      definition: `input: pairs(defineJob({
          input: lines(),
          map(line, emit) { emit(line, createHash('sha256').update(line).digest()); },
          reduce: first(),
        })),
        map([key], emit) { emit('a', 1); if (key === '1') ${later} }, reduce: sum()`,
    },
  ])('fails: $what', async ({ definition }) => {
    const folder = temporaryFolder();
    const input = writeLines(folder, numbers(400_000)); // Several windows.
    const jobFile = writeJob(
      folder,
      `import { createHash } from 'node:crypto';\nexport default defineJob({ input: lines(), ${definition} });`,
    );
    await expect(runJob(jobFile, { ...phases, input }, folder)).rejects.toMatchObject({ code: 'REFOLD_LATE_EMIT' });
  });
});
