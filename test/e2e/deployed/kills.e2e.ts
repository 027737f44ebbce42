import { afterAll, describe, expect, it } from 'vitest';
import { Deployed } from '../harness/deployed.ts';
import { allCommitted, untilCommitted, untilRunning } from '../harness/job-progress.ts';
import { SlowJob } from '../harness/slow-job.ts';

const deployed = new Deployed();
afterAll(() => deployed.close());

/** Only where functions run as processes of this machine can a test kill them. */
const UNSEEN = 'the functions are no processes that this machine sees';

describe('a job whose sandboxes are killed in mid-task', () => {
  it('maps what was lost again, and gives the same content', async ({ skip }) => {
    const slow = new SlowJob(deployed, 'kill-map', { mapMs: 250 });
    const job = await deployed.submit(slow.request);
    await untilRunning(deployed.world, job.id, 'map', 2);
    if (!deployed.seesSandboxes('map')) skip(UNSEEN);
    expect(deployed.killSandboxes('map')).toBeGreaterThan(0);
    await untilCommitted(deployed.world, job.id, 'map', 4);
    const committed = await allCommitted(deployed.world, job.id);
    expect(deployed.killSandboxes('map')).toBeGreaterThan(0);
    await expectUndisturbed(slow, job, committed);
  });

  it('reduces what was lost again, and gives the same content', async ({ skip }) => {
    const slow = new SlowJob(deployed, 'kill-reduce', { reduceMs: 200 });
    const job = await deployed.submit(slow.request);
    await untilRunning(deployed.world, job.id, 'reduce', 1);
    if (!deployed.seesSandboxes('reduce')) skip(UNSEEN);
    const committed = await allCommitted(deployed.world, job.id);
    expect(deployed.killSandboxes('reduce')).toBeGreaterThan(0);
    await expectUndisturbed(slow, job, committed);
  });

  async function expectUndisturbed(
    slow: SlowJob,
    job: Awaited<ReturnType<Deployed['submit']>>,
    committed: ReadonlyMap<string, string>,
  ): Promise<void> {
    const { receipt } = await job.result();
    await slow.expectContent();
    const after = await allCommitted(deployed.world, job.id);
    for (const [task, attempts] of committed) expect(after.get(task), `${task} is not run again`).toBe(attempts);
    const [step] = receipt.steps;
    expect(step!.map.attempts.begun + step!.reduce.attempts.begun).toBeGreaterThan(step!.map.tasks + step!.reduce.tasks);
  }
});
