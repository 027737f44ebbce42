import { describe, expect, it } from 'vitest';
import { KeySample } from '../../lib/map/key-sample.ts';
import { decodeKey } from '../../lib/record/key-decoder.ts';

function sampleOf(keys: Iterable<unknown>, ...limits: [number?, number?]): readonly unknown[] {
  const sample = new KeySample(...limits);
  for (const key of keys) sample.add(key);
  return sample.keys().map((bytes) => decodeKey(bytes, 0, bytes.length));
}

function* numbersTo(end: number): Generator<number> {
  for (let number = 0; number < end; number++) yield number;
}

describe('a key sample', () => {
  it('keeps all keys while they are few', () => {
    expect(sampleOf(['b', 'a', ['c', 1]], 4)).toEqual(['b', 'a', ['c', 1]]);
  });

  it('keeps every k-th key, evenly, when they are many', () => {
    const kept = sampleOf(numbersTo(100_000));
    expect(kept.length).toBeGreaterThan(2048);
    expect(kept.length).toBeLessThanOrEqual(4096);
    expect(kept).toEqual(kept.map((_, index) => index * 32));
  });

  it('keeps at most so many bytes, and one key however long it is', () => {
    const long = 'x'.repeat(1000);
    expect(sampleOf([long, long, long, long], 100, 2500)).toHaveLength(2);
    expect(sampleOf([long, long], 100, 10)).toEqual([long]);
  });

  it('counts the bytes of what it does not keep', () => {
    const sample = new KeySample(2);
    for (const number of numbersTo(1000)) sample.add(number);
    expect(sample.addedBytes).toBe(9000);
  });
});
