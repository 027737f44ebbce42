import { describe, expect, it } from 'vitest';
import { countedRun } from '../aws/cost/counted-run.ts';

const options = { objects: 3, linesPerObject: 40, splitBytes: 200, reduceTasks: 2, workers: 5 };

describe('a job that is done', () => {
  it('has dropped its segments, where storage is rented, and nothing else', async () => {
    const [dropped, kept] = await Promise.all([countedRun({ ...options, dropsSegments: true }), countedRun(options)]);
    expect(dropped.outcome).toMatchObject({ status: 'SUCCEEDED' });
    expect(kept.left.filter((key) => key.endsWith('.seg'))).toHaveLength(kept.plan.splits);
    expect(dropped.left).toEqual(kept.left.filter((key) => !key.endsWith('.seg')));
  });

  it('keeps the attempt files of a step without reduce', async () => {
    const { left, plan } = await countedRun({ ...options, mapOnly: true, dropsSegments: true });
    expect(left.filter((key) => key.includes('/map/'))).toHaveLength(plan.splits);
  });
});
