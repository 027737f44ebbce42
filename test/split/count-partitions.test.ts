import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countPartitions } from '../../lib/split/count-partitions.ts';

const MIB = 1024 * 1024;

describe('countPartitions', () => {
  it.each([
    { name: 'one for no input', inputBytes: 0, splits: 0, expected: 1 },
    { name: 'one up to 16 MiB', inputBytes: 16 * MIB, splits: 2, expected: 1 },
    { name: 'two for a byte more', inputBytes: 16 * MIB + 1, splits: 3, expected: 2 },
    { name: 'one for each 16 MiB', inputBytes: 1600 * MIB, splits: 25, expected: 100 },
    { name: 'no more than 4,000', inputBytes: 1e13, splits: 1_000, expected: 4_000 },
    {
      name: 'fewer where there are many splits: 20 million rows of the index',
      inputBytes: 1e13,
      splits: 20_000,
      expected: 1_000,
    },
    { name: 'one where there are more splits than rows', inputBytes: 1e13, splits: 30_000_000, expected: 1 },
  ])('gives $name', ({ inputBytes, splits, expected }) => {
    expect(countPartitions(inputBytes, splits, 'auto')).toBe(expected);
  });

  it('gives as many as the user asks for, whatever the input', () => {
    for (const inputBytes of [0, 1e13]) expect(countPartitions(inputBytes, 1, 7)).toBe(7);
  });

  it('keeps the index within 20 million rows, and never gives none', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 }), fc.nat({ max: 20_000_000 }), (mib, splits) => {
        const partitions = countPartitions(mib * MIB, splits, 'auto');
        expect(partitions).toBeGreaterThanOrEqual(1);
        expect(partitions * splits).toBeLessThanOrEqual(2e7);
      }),
    );
  });
});
