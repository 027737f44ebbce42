import { describe, expect, it } from 'vitest';
import { parseBenchOptions, parseSize } from '../../bench/bench-options.ts';

describe('parseBenchOptions', () => {
  it.each([
    { args: [], bytes: 500e6, runs: 5 },
    { args: ['--quick'], bytes: 100e6, runs: 3 },
    { args: ['--size', '2GB'], bytes: 2e9, runs: 5 },
    { args: ['--quick', '--runs', '7'], bytes: 100e6, runs: 7 },
    { args: ['--memory'], bytes: 2e9, runs: 5 },
  ])('takes $args for $bytes bytes and $runs runs', ({ args, bytes, runs }) => {
    expect(parseBenchOptions(args)).toMatchObject({ bytes, runs });
  });

  it('leaves refold out of the peers', () => {
    expect(parseBenchOptions(['--peers-only']).contestants).toEqual(['plain', 'duckdb', 'polars', 'mawk', 'gnu-sort']);
  });

  it.each([
    { args: ['--only', 'sorting'], message: /--only sorting is none of words-few/ },
    { args: ['--size', 'big'], message: /--size big is no size/ },
    { args: ['--runs', '0'], message: /--runs 0 is no whole number/ },
    { args: ['--fast'], message: /--fast/ },
  ])('refuses $args', ({ args, message }) => {
    expect(() => parseBenchOptions(args)).toThrow(message);
  });

  it('reads sizes in decimal units', () => {
    expect([parseSize('5MB'), parseSize('1.5 GB'), parseSize('64kB'), parseSize('10')]).toEqual([5e6, 1.5e9, 64e3, 10]);
  });
});
