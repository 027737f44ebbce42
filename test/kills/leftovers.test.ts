import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HELD_TOTALS, HeldJob } from './held-job.ts';

describe('what killed processes leave', () => {
  it('is collected by a later command, and the job that goes on is whole', async () => {
    const job = new HeldJob();
    job.hold('reduce');
    const running = job.start();
    await job.workerAt('reduce');
    await running.killAll(true);
    // What a process that died in the middle of writing an object leaves: its pid is in the name, and nobody's.
    job.workplace.write(`.refold/.tmp/${running.pid}-0123456789abcdef`, 'half an object');
    expect(job.workplace.names().filter((name) => name.startsWith('.out.refold-'))).toHaveLength(1);
    job.letGo('reduce');
    await job.finish();
    expect(job.sortedLines).toEqual(HELD_TOTALS);
    job.expectTidy();
    // The first command in a work area collects, and then one an hour.
    const ended = await job.workplace.start('run', 'job.ts', '--input', 'in.txt', '--output', 'again', '--quiet').ended;
    expect(ended, ended.stderr).toMatchObject({ exitCode: 0 });
    expect(readdirSync(job.workplace.path('.refold/.tmp'))).toEqual([]);
  });
});
