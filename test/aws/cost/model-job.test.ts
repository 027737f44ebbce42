import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WORKLOADS } from '../../../lib/aws/cost/bench-figures.ts';
import { bindingLimits, modelJob } from '../../../lib/aws/cost/model-job.ts';
import { phaseSeconds } from '../../../lib/aws/cost/phase-time.ts';
import { modelTables } from '../../../scripts/model-table.ts';
import { outsideModel } from '../../e2e/model-check.ts';

const TB = 1e12;
const workload = (name: string) => WORKLOADS.find((candidate) => candidate.name === name)!;
const SLOWS_DOWN = ['concurrency', 'sandboxesPerTenSeconds', 'getsPerSecond'];

describe('the model', () => {
  it.each(['grep', 'csv-sum', 'words-few'])('prices %s of 1 TB at half a dollar at most', (name) => {
    for (const workers of [10, 100, 1_000, 10_000])
      expect(modelJob(workload(name), TB, workers).usdPerTb).toBeLessThanOrEqual(0.5);
  });

  it('prices a sort of 1 TB at two dollars at most', () => {
    for (const workers of [10, 100, 1_000, 10_000])
      expect(modelJob(workload('sort'), TB, workers).usdPerTb).toBeLessThanOrEqual(2);
  });

  it('starts 1,000 tasks within 2 seconds', () => {
    for (const { name } of WORKLOADS) {
      const row = modelJob(workload(name), TB, 1_000);
      expect(row.step.splits).toBe(1_000);
      expect(row.startSeconds).toBeLessThanOrEqual(2);
    }
  });

  it.each(WORKLOADS)('ends $name of 5 TB within every limit that ends jobs', (of) => {
    for (const bytes of [1e9, 1e10, 1e11, TB, 5 * TB]) {
      for (const workers of [10, 100, 1_000, 10_000]) {
        expect(bindingLimits(modelJob(of, bytes, workers)).filter(({ limit }) => !SLOWS_DOWN.includes(limit))).toEqual([]);
      }
    }
  });

  it('finds limits where there are some', () => {
    expect(bindingLimits(modelJob(workload('sort'), 100 * TB, 1_000)).map(({ limit }) => limit)).toContain('scratchBytes');
  });

  it('is what docs/cost-model.md shows: npm run model -- --docs', () => {
    expect(readFileSync(join(import.meta.dirname, '../../../docs/cost-model.md'), 'utf8')).toContain(modelTables());
  });
});

describe('phaseSeconds', () => {
  it('is one wave where there are workers enough, and work over workers where there are few', () => {
    expect(phaseSeconds(100, 10, 5, 100)).toBeCloseTo(5.1, 9);
    expect(phaseSeconds(1_000, 10, 5, 10)).toBeCloseTo(500.1, 9);
  });

  it('waits for sandboxes above the first thousand', () => {
    expect(phaseSeconds(3_000, 75, 1, 3_000)).toBeGreaterThan(phaseSeconds(1_000, 75, 1, 1_000));
    expect(phaseSeconds(10_000, 250, 600, 10_000)).toBeCloseTo(690 + 2.5, 6);
  });
});

describe('outsideModel', () => {
  const job = {
    shape: {
      steps: [
        {
          name: 'x',
          inputs: [{ name: '', reader: 'lines', cuts: 'ranges' as const }],
          mapOnly: false,
          partition: 'hash' as const,
          groupBy: 0,
          extension: '.tsv',
        },
      ],
    },
    options: { splitBytes: 1_000, reduceTasks: 5, memoryBytes: 1e8, onBadRecord: 'fail' as const, soloBytes: 0 },
    inputs: [{ objects: 20, bytes: 20_000 }],
    workers: 10,
  };

  it('says which counts a model cannot explain', () => {
    const requests = {
      's3:GetObject': 300,
      's3:HeadObject': 40,
      's3:PutObject': 60,
      's3:UploadPart': 5,
      's3:ListObjectsV2': 6,
      'dynamodb:UpdateItem': 75,
    };
    expect(outsideModel(job, { requests })).toEqual([]);
    expect(outsideModel(job, { requests: { ...requests, 's3:GetObject': 5_000 } }).map(({ what }) => what)).toEqual([
      'S3 GET, HEAD',
    ]);
    expect(outsideModel(job, { requests: { ...requests, 'dynamodb:UpdateItem': 500 } }).map(({ what }) => what)).toEqual([
      'ledger writes',
    ]);
    expect(outsideModel(job, { requests, transitions: 1 }).map(({ what }) => what)).toEqual(['transitions']);
  });
});
