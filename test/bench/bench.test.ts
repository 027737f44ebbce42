import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runBench } from '../../bench/run-bench.ts';
import { WORKLOADS } from '../../bench/workloads.ts';

const folder = mkdtempSync(join(tmpdir(), 'refold-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('npm run bench', () => {
  it.each(WORKLOADS)('gives the same result as the plain script: $title', async ({ name, target }) => {
    const [report] = await runBench({
      options: {
        bytes: 5e6,
        runs: 1,
        workloads: [name],
        contestants: ['plain', 'fast', 'easy', 'one'],
        memory: false,
        help: false,
      },
      dataFolder: folder,
      runFolder: join(folder, 'run'),
      refoldProgram: join(import.meta.dirname, '../../lib/cli/main.ts'),
      progress: () => {},
    });
    const ran = report!.rows.filter((row) => row.contestant !== 'one' || target.scaling !== undefined);
    expect(ran.map(({ absent, difference }) => absent ?? difference ?? 'agrees')).toEqual(ran.map(() => 'agrees'));
  });
});
