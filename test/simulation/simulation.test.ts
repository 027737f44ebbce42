import { describe, expect, it } from 'vitest';
import { FAULT_KINDS } from './fault-plan.ts';
import { type SeedReport, simulateSeed } from './simulate-seed.ts';

const SEEDS_PER_TEST = 100;
/** Of each kind of fault, over all seeds: a kind that hardly happens shows nothing. */
const FAULTS_MIN = 15;

const reports: SeedReport[] = [];

describe('refold, under the faults of a seed, ends with the right output or with none, whatever goes wrong', () => {
  it.each(Array.from({ length: 10 }, (_, at) => 1 + at * SEEDS_PER_TEST))('for 100 seeds from %i on', async (first) => {
    const wrong: string[] = [];
    for (let seed = first; seed < first + SEEDS_PER_TEST; seed++) {
      const report = await simulateSeed(seed);
      reports.push(report);
      if (report.violations.length === 0) continue;
      wrong.push(`${report.name}: ${report.violations.join('; ')}\n  again: npm run simulate -- --seeds 1 --seed ${seed}`);
    }
    expect(wrong).toEqual([]);
  });

  it('and every kind of fault has happened often', () => {
    const totals = (pick: (report: SeedReport) => ReadonlyMap<string, number>, name: string) =>
      reports.reduce((sum, report) => sum + (pick(report).get(name) ?? 0), 0);
    for (const kind of FAULT_KINDS)
      expect(
        totals((report) => report.faults, kind),
        kind,
      ).toBeGreaterThanOrEqual(FAULTS_MIN);
    for (const state of ['PLANNING', 'MAPPING', 'REDUCING', 'COMMITTING']) {
      expect(
        totals((report) => report.crashes, state),
        `crashes in ${state}`,
      ).toBeGreaterThanOrEqual(FAULTS_MIN);
    }
    expect(reports.filter(({ end }) => end === 'DONE').length).toBeGreaterThan(0.9 * reports.length);
    expect(reports.filter(({ end }) => end === 'FAILED').length).toBeGreaterThan(0);
  });
});

describe('simulateSeed', () => {
  it('repeats a seed step by step', async () => {
    for (const seed of [7, 41]) expect(await simulateSeed(seed)).toEqual(await simulateSeed(seed));
  });
});
