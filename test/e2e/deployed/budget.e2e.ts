import { afterAll, describe, expect, it } from 'vitest';
import { Deployed } from '../harness/deployed.ts';
import { allCommitted } from '../harness/job-progress.ts';
import { SlowJob } from '../harness/slow-job.ts';

const deployed = new Deployed();
afterAll(() => deployed.close());

describe('a deployed job with a budget', () => {
  it('stops when it has cost more, and goes on with a higher one', async () => {
    const slow = new SlowJob(deployed, 'budget', { mapMs: 300 });
    const job = await deployed.submit(slow.withOptions({ budgetUsd: 0.0001, workers: 2 }));
    await expect(job.result()).rejects.toMatchObject({ code: 'REFOLD_BUDGET_EXCEEDED' });
    expect((await job.status()).state).toBe('FAILED');
    await slow.expectNothingVisible();
    const committed = await allCommitted(deployed.world, job.id);

    const again = await deployed.submit(slow.withOptions({ budgetUsd: 10 }));
    expect(again.id).toBe(job.id);
    await again.result();
    await slow.expectContent();
    const after = await allCommitted(deployed.world, job.id);
    for (const [task, attempts] of committed) expect(after.get(task), `${task} is not run again`).toBe(attempts);
  });
});
