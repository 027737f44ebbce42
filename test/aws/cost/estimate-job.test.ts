import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WORKLOADS } from '../../../lib/aws/cost/bench-figures.ts';
import { sumUsd } from '../../../lib/aws/cost/cost-item.ts';
import { type Estimate, estimateAs, estimateJob } from '../../../lib/aws/cost/estimate-job.ts';
import { PRICES } from '../../../lib/aws/cost/prices.ts';
import type { SizedJob } from '../../../lib/aws/cost/step-size.ts';
import { countParts, partBytesAt } from '../../../lib/aws/s3/transfer-sizes.ts';
import { resolveJobOptions } from '../../../lib/job/job-options.ts';

const MIB = 1024 * 1024;
const step = (name: string, upstream?: number) =>
  ({
    name,
    inputs: [{ name: '', reader: 'lines', cuts: 'ranges', ...(upstream === undefined ? {} : { upstream }) }],
    mapOnly: false,
    partition: 'hash',
    groupBy: 0,
    extension: '.tsv',
  }) as const;
const jobOf = (bytes: number, objects: number, more: Partial<SizedJob> = {}): SizedJob => ({
  shape: { steps: [step('one')] },
  options: resolveJobOptions(1),
  inputs: [{ objects, bytes }],
  workers: 100,
  ...more,
});
const sizes = fc.record({
  bytes: fc.integer({ min: 0, max: 1e13 }),
  objects: fc.integer({ min: 1, max: 100_000 }),
  workers: fc.constantFrom(0, 1, 10, 1_000, 10_000),
});

describe('estimateJob', () => {
  it('adds up, has nothing negative, and the low price is not above the high one', () => {
    fc.assert(
      fc.property(sizes, ({ bytes, objects, workers }) => {
        const { low, high } = estimateJob(jobOf(bytes, objects, { workers }));
        for (const { items, usd } of [low, high]) {
          expect(usd).toBeCloseTo(sumUsd(items), 9);
          for (const item of items) expect(Number.isFinite(item.usd) && item.usd >= 0 && item.quantity >= 0).toBe(true);
        }
        expect(low.usd).toBeLessThanOrEqual(high.usd);
      }),
    );
  });

  it('computes and reads no less for more of the same input', () => {
    const most = (estimate: Estimate) => estimate.compute.mapSeconds + estimate.requests.s3Get;
    fc.assert(
      fc.property(
        fc.constantFrom(...WORKLOADS),
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 20 }),
        (workload, gb, times) => {
          const of = (count: number) =>
            estimateAs(jobOf(count * 1e9, count, { options: { ...resolveJobOptions(1), splitBytes: 64 * MIB } }), workload);
          expect(most(of(gb * times))).toBeGreaterThanOrEqual(most(of(gb)));
          expect(of(gb * times).usd).toBeGreaterThanOrEqual(of(gb).usd);
        },
      ),
    );
  });

  it('costs more for a chain than for its first job, and takes what that leaves as input', () => {
    const [scan] = WORKLOADS;
    const one = estimateAs(jobOf(1e11, 100), scan!);
    const two = estimateAs(jobOf(1e11, 100, { shape: { steps: [step('one'), step('two', 0)] } }), scan!);
    expect(two.usd).toBeGreaterThan(one.usd);
    expect(two.steps[1]!.inputBytes).toBe(one.steps[0]!.outputBytes);
    expect(two.machine.transitions).toBeGreaterThan(one.machine.transitions);
  });

  it.each([
    { name: 'sixteen small objects together', each: 10_000, together: 16 },
    { name: 'as many as 8 MiB hold', each: 800 * 1024, together: 10.24 },
    { name: 'each larger object', each: 2 * MIB, together: 1 },
  ])('waits for $name', ({ each, together }) => {
    const [scan] = WORKLOADS;
    const options = { ...resolveJobOptions(1), splitBytes: 1024 * MIB };
    const mapSeconds = (objects: number) =>
      estimateAs(jobOf(100_000 * each, objects, { options, workers: 10 }), scan!).compute.mapSeconds;
    const waited = mapSeconds(100_000) - mapSeconds(10);
    expect(waited).toBeGreaterThan((100_000 / together) * 0.09);
    expect(waited).toBeLessThan((100_000 / together) * 0.12);
  });

  it('prices a small job as one sandbox', () => {
    const { low } = estimateJob(jobOf(1e6, 3));
    expect(low.steps[0]!.solo).toBe(true);
    expect(low.machine.invocations).toBe(4);
  });

  it('says of every price where it is from', () => {
    for (const { source, usd, per } of Object.values(PRICES)) {
      expect(source).toMatch(/^https:\/\/aws\.amazon\.com\//);
      expect(usd / per).toBeGreaterThan(0);
    }
  });
});

describe('the parts of an upload', () => {
  it('hold all bytes, are never below 5 MiB, and grow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 * MIB }), (bytes) => {
        const parts = countParts(bytes);
        const held = Array.from({ length: parts }, (_, at) => partBytesAt(at)).reduce((sum, part) => sum + part, 0);
        expect(held).toBeGreaterThanOrEqual(bytes);
        if (parts > 1) expect(held - partBytesAt(parts - 1)).toBeLessThan(bytes);
      }),
    );
    for (let at = 1; at < 10_000; at++) expect(partBytesAt(at)).toBeGreaterThanOrEqual(partBytesAt(at - 1));
    expect(partBytesAt(0)).toBe(8 * MIB);
  });
});
