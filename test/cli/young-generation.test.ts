import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** Makes garbage until the young generation has grown as far as it may, and says how far. */
const makeGarbage = `
  const { getHeapSpaceStatistics } = await import('node:v8');
  let kept = [];
  for (let at = 0; at < 3_000_000; at++) { kept.push({ at }); if (kept.length > 100_000) kept = []; }
  console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);
`;

function youngBytes(before: string): number {
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', `${before}\n${makeGarbage}`], {
    encoding: 'utf8',
  });
  return Number(stdout);
}

describe('keepYoungGenerationSmall', () => {
  it('holds a process that makes much garbage to a few megabytes of it', () => {
    const file = JSON.stringify(new URL('../../lib/cli/local/young-generation.ts', import.meta.url).href);
    const small = youngBytes(`const { keepYoungGenerationSmall } = await import(${file}); keepYoungGenerationSmall();`);
    expect(small).toBeGreaterThan(0);
    expect(small).toBeLessThanOrEqual(8_000_000);
    expect(youngBytes('')).toBeGreaterThan(small);
  });
});
