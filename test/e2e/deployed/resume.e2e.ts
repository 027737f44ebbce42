import { afterAll, describe, expect, it } from 'vitest';
import { Deployed } from '../harness/deployed.ts';
import { allCommitted, untilCommitted, untilState } from '../harness/job-progress.ts';
import { SlowJob } from '../harness/slow-job.ts';

const deployed = new Deployed();
afterAll(() => deployed.close());

describe('a job whose coordinator is stopped', () => {
  it.each([
    { state: 'PLANNING', slow: {}, commits: 0, meanwhile: async () => {} },
    {
      state: 'MAPPING',
      slow: { mapMs: 150 },
      commits: 3,
      meanwhile: (id: string) => untilCommitted(deployed.world, id, 'map', 3),
    },
    {
      state: 'REDUCING',
      slow: { reduceMs: 150 },
      commits: 13,
      meanwhile: (id: string) => untilCommitted(deployed.world, id, 'reduce', 1),
    },
    { state: 'COMMITTING', slow: { reduceTasks: 24 }, commits: 36, meanwhile: async () => {} },
  ] as const)('in $state goes on from its committed tasks', async ({ state, slow: slowness, commits, meanwhile }) => {
    const slow = new SlowJob(deployed, `stop-${state.toLowerCase()}`, slowness);
    const job = await deployed.submit(slow.request);
    await untilState(deployed.world, job.id, state);
    await meanwhile(job.id);
    expect((await deployed.executions.stop(`${job.id}-1`)).status).toBe('ABORTED');
    const committed = await allCommitted(deployed.world, job.id);
    expect(committed.size).toBeGreaterThanOrEqual(commits);

    const resumed = await deployed.submit(slow.request);
    expect(resumed.id).toBe(job.id);
    await resumed.result();
    await slow.expectContent();
    const after = await allCommitted(deployed.world, job.id);
    for (const [task, attempts] of committed) expect(after.get(task), `${task} is not run again`).toBe(attempts);
    expect(await deployed.executions.list(job.id)).toHaveLength(2);
  });
});
