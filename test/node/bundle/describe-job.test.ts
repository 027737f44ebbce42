import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleJob } from '../../../lib/node/bundle/bundle-job.ts';
import { describeJob } from '../../../lib/node/bundle/describe-job.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';

describe('describeJob', () => {
  it('loads four jobs at a time, however many are asked for at once', async () => {
    const folder = temporaryFolder();
    const log = join(folder, 'log');
    const source = `import { appendFileSync } from 'node:fs';
import { defineJob, lines, count } from 'refold';
appendFileSync(${JSON.stringify(log)}, '+');
await new Promise((resolve) => setTimeout(resolve, 100));
appendFileSync(${JSON.stringify(log)}, '-');
export default defineJob({ input: lines(), map(line, emit) { emit(line, 1); }, reduce: count() });`;
    writeFileSync(join(folder, 'job.ts'), source);
    const { path } = await bundleJob(join(folder, 'job.ts'), { workFolder: folder });
    const shapes = await Promise.all(Array.from({ length: 10 }, () => describeJob(path, 'job.ts')));
    expect(new Set(shapes.map(({ steps }) => steps.length))).toEqual(new Set([1]));
    expect(mostAtOnce(readFileSync(log, 'utf8'))).toBeLessThanOrEqual(4);
  });

  it('gives a turn back also when a job fails to load', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'job.mjs');
    writeFileSync(path, 'throw new Error("top level");');
    const answers = await Promise.allSettled(Array.from({ length: 9 }, () => describeJob(path, 'job.mjs')));
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true);
  });
});

function mostAtOnce(log: string): number {
  let most = 0;
  let open = 0;
  for (const sign of log) {
    open += sign === '+' ? 1 : -1;
    most = Math.max(most, open);
  }
  return most;
}
