import { afterAll, describe, expect, it } from 'vitest';
import { Deployed } from '../harness/deployed.ts';
import { untilCommitted, untilState } from '../harness/job-progress.ts';
import { SlowJob } from '../harness/slow-job.ts';

const deployed = new Deployed();
afterAll(() => deployed.close());

describe('a deployed job', () => {
  it('started twice at once runs once', async () => {
    const slow = new SlowJob(deployed, 'twice', { mapMs: 20 });
    const [first, second] = await Promise.all([deployed.submit(slow.request), deployed.submit(slow.request)]);
    expect(second.id).toBe(first.id);
    await Promise.all([first.result(), second.result()]);
    expect(await deployed.executions.list(first.id)).toHaveLength(1);
    await slow.expectContent();
  });

  it('started again while it runs is the same run', async () => {
    const slow = new SlowJob(deployed, 'again', { mapMs: 200 });
    const first = await deployed.submit(slow.request);
    await untilState(deployed.world, first.id, 'MAPPING');
    const second = await deployed.submit(slow.request);
    await second.result();
    expect(await deployed.executions.list(first.id)).toHaveLength(1);
  });

  it('started again when it is done says so, and runs nothing', async () => {
    const slow = new SlowJob(deployed, 'done');
    const first = await deployed.submit(slow.request);
    const success = await first.result();
    const again = await deployed.submit(slow.request);
    expect(again.id).toBe(first.id);
    expect(await again.result()).toEqual(success);
    expect(await deployed.executions.list(first.id)).toHaveLength(1);
  });

  it('that is cancelled stops, leaves nothing at its output, and goes on when it is started again', async () => {
    const slow = new SlowJob(deployed, 'cancel', { mapMs: 250 });
    const job = await deployed.submit(slow.request);
    await untilCommitted(deployed.world, job.id, 'map', 2);
    await job.cancel();
    await expect(job.result()).rejects.toMatchObject({ code: 'REFOLD_CANCELLED' });
    expect((await job.status()).state).toBe('CANCELLED');
    await slow.expectNothingVisible();
    const again = await deployed.submit(slow.request);
    expect(again.id).toBe(job.id);
    await again.result();
    await slow.expectContent();
  });
});
