import { describe, expect, it } from 'vitest';
import { formatReport } from '../../bench/format-report.ts';
import { judge, medianOf } from '../../bench/judge.ts';
import type { Row, WorkloadReport } from '../../bench/run-workload.ts';
import { isRight } from '../../bench/run-workload.ts';
import { WORKLOADS } from '../../bench/workloads.ts';

const row = (contestant: Row['contestant'], seconds: number[], more: Partial<Row> = {}): Row => ({
  contestant,
  seconds,
  memory: undefined,
  checksum: undefined,
  absent: undefined,
  difference: undefined,
  ...more,
});
const report = (name: string, ...rows: Row[]): WorkloadReport => ({
  workload: WORKLOADS.find((workload) => workload.name === name)!,
  inputBytes: 5e8,
  rows,
});

describe('judge', () => {
  it('sets medians against the targets', () => {
    const { fast, easy, scaling } = judge(
      report(
        'words-few',
        row('plain', [10, 9, 11]),
        row('fast', [2, 9, 1]),
        row('duckdb', [1, 1.9]),
        row('easy', [7]),
        row('one', [3.7]),
      ),
    );
    expect(fast).toEqual({ ratio: 2 / 1.45, target: 1.2, met: false });
    expect(easy).toEqual({ ratio: 0.7, target: 0.6, met: false });
    expect(scaling).toEqual({ ratio: 1.85, target: 1.8, met: true });
  });

  it('sets the sort against GNU sort', () => {
    expect(judge(report('sort', row('fast', [3]), row('duckdb', [1]), row('gnu-sort', [2]))).fast).toEqual({
      ratio: 1.5,
      target: 1.5,
      met: true,
    });
  });

  it('takes ten lines for met when they are done in time', () => {
    expect(judge(report('ten-lines', row('fast', [0.3]), row('duckdb', [0.1]))).fast.met).toBe(true);
    expect(judge(report('ten-lines', row('fast', [0.36]), row('duckdb', [0.1]))).fast.met).toBe(false);
  });

  it('says nothing of what did not run', () => {
    expect(judge(report('words-few', row('fast', [1]), row('duckdb', [], { absent: 'not installed' }))).fast.met).toBeUndefined();
  });
});

describe('isRight', () => {
  it.each([
    { name: 'a slow refold', rows: [row('fast', [99]), row('duckdb', [1])], right: true },
    { name: 'a peer that is not there', rows: [row('duckdb', [], { absent: 'not installed' })], right: true },
    { name: 'a peer that failed', rows: [row('polars', [], { absent: 'failed: exit 1' })], right: true },
    { name: 'a refold that failed', rows: [row('fast', [], { absent: 'failed: exit 1' })], right: false },
    { name: 'a result that differs', rows: [row('mawk', [1], { difference: 'There are 2 rows, not 3.' })], right: false },
  ])('is $right for $name', ({ rows, right }) => {
    expect(isRight(report('words-few', ...rows))).toBe(right);
  });
});

describe('medianOf', () => {
  it.each([
    { numbers: [], median: undefined },
    { numbers: [3], median: 3 },
    { numbers: [10, 2, 9], median: 9 },
    { numbers: [4, 1, 3, 2], median: 2.5 },
  ])('of $numbers is $median', ({ numbers, median }) => {
    expect(medianOf(numbers)).toBe(median);
  });
});

describe('formatReport', () => {
  it('names a missed target, a difference and the reason of an absence', () => {
    const text = formatReport(
      [
        report(
          'grep',
          row('fast', [2], { difference: 'There are 2 rows, not 3.' }),
          row('duckdb', [1]),
          row('mawk', [], { absent: 'there is no mawk' }),
        ),
      ],
      'title',
    );
    expect(text).toContain('| 2.00 | ≤ 1.5 **missed** |');
    expect(text).toContain('DIFFERS: There are 2 rows, not 3.');
    expect(text).toContain('there is no mawk');
  });
});
