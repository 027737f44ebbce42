import { afterAll, describe, expect, it } from 'vitest';
import type { AttemptReport } from '../../../lib/aws/lambda/attempt-log.ts';
import { readJobRecord } from '../../../lib/coordinator/job-access.ts';
import { Deployed } from '../harness/deployed.ts';
import { SlowJob } from '../harness/slow-job.ts';
import { outsideModel } from '../model-check.ts';

const TASKS = 20;

const deployed = new Deployed();
afterAll(() => deployed.close());

describe('a deployed job', () => {
  it('makes one PUT a segment, at most three writes to the ledger a task, and what the model says', async () => {
    const slow = new SlowJob(deployed, 'requests', { tasks: TASKS });
    const job = await deployed.submit(slow.request);
    const { receipt } = await job.result();
    const [step] = receipt.steps;
    const maps = await deployed.attempts(job.id, 'map', step!.map.tasks);
    expect(maps).toHaveLength(TASKS);
    for (const { requests } of maps) {
      expect(requests['s3:PutObject'], 'the segment').toBe(1);
      expect(writesToTheLedger(requests)).toBeLessThanOrEqual(3);
      expect(writesToTheLedger(requests)).toBeGreaterThanOrEqual(2);
    }
    const reduces = await deployed.attempts(job.id, 'reduce', step!.reduce.tasks);
    for (const { requests } of reduces) expect(writesToTheLedger(requests)).toBeLessThanOrEqual(3);
    const record = await readJobRecord(deployed.world, job.id);
    const sized = { ...record, workers: 0, inputs: record.inputs, splits: TASKS };
    expect(outsideModel(sized, { requests: sumOf([...maps, ...reduces]) })).toEqual([]);
  });
});

function sumOf(attempts: readonly AttemptReport[]): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {};
  for (const { requests } of attempts) {
    for (const [name, count] of Object.entries(requests)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}

function writesToTheLedger(requests: Readonly<Record<string, number>>): number {
  const writes = Object.entries(requests).filter(([name]) => /^dynamodb:(?:Put|Update|Delete|Transact|BatchWrite)/.test(name));
  return writes.reduce((sum, [, count]) => sum + count, 0);
}
