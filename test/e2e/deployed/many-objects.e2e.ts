import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { contentOnAws, expectSameContent, runLocally } from '../harness/compare-with-local.ts';
import { Deployed } from '../harness/deployed.ts';

const OBJECTS = 5_000;

const deployed = new Deployed();
afterAll(() => deployed.close());

describe('a deployed job', () => {
  it('packs thousands of small objects into few tasks', async () => {
    const compared = {
      jobFile: join(import.meta.dirname, '../../../examples/word-count.ts'),
      input: Object.fromEntries(
        Array.from({ length: OBJECTS }, (_, index) => [`${index % 50}/${index}.txt`, `object ${index} of word${index % 97}\n`]),
      ),
      options: { soloBytes: 0, splitBytes: 20_000, reduceTasks: 2 },
    };
    const output = deployed.outputUri(deployed.name('many'));
    const job = await deployed.submit({ ...compared, output });
    const { receipt } = await job.result();
    expectSameContent(await contentOnAws(deployed, output), await runLocally(compared));
    expect(receipt.steps[0]!.map.recordsRead).toBe(OBJECTS);
    expect(receipt.steps[0]!.map.tasks).toBeLessThan(20);
  });
});
