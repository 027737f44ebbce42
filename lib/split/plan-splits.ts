import type { ObjectInfo } from '../ports/object-store.ts';
import type { InputRange } from '../record/reader.ts';

/** Rows stay small enough to be read whole, however tiny the objects. */
export const RANGES_PER_SPLIT_MAX = 5_000;

const MIB = 1024 * 1024;
/** Splits a small input is cut into, so that a few workers end together. */
const SPLITS_WANTED = 8;
const SPLIT_BYTES_MIN = 8 * MIB;
const SPLIT_BYTES_MAX = 64 * MIB;
/**
 * A reduce task fetches a range of every segment, and each range is a request. With as many splits as reduce tasks and ranges of a MiB,
 * requests cost less than the work on what they bring, and both phases have as many tasks as that allows (docs/cost-model.md).
 */
const SHUFFLE_RANGE_BYTES = MIB;
/** A map task ends within Lambda's 15 minutes at 2.5 MB/s, and its spills fit the scratch space. */
const LARGE_SPLIT_BYTES_MAX = 2048 * MIB;

/**
 * What `splitBytes: 'auto'` comes to: by the input alone, so that every run of a job agrees. An eighth of the input, from 8 to 64 MiB; from
 * 4 GiB of input on it grows with the root of that, up to 2 GiB.
 */
export function resolveSplitBytes(splitBytes: number | 'auto', inputBytes: number): number {
  if (splitBytes !== 'auto') return splitBytes;
  const shared = Math.max(SPLIT_BYTES_MIN, Math.min(SPLIT_BYTES_MAX, Math.ceil(inputBytes / SPLITS_WANTED)));
  const balanced = Math.min(LARGE_SPLIT_BYTES_MAX, Math.ceil(Math.sqrt(inputBytes * SHUFFLE_RANGE_BYTES)));
  return Math.max(shared, balanced);
}

/** An object, and whether it may be cut. */
export type PlannedObject = ObjectInfo & { readonly cuts: 'ranges' | 'whole' };

/**
 * Packs small objects together and cuts large ones, into lists of ranges of about `splitBytes` each. Objects keep their order; an object of
 * more than `splitBytes` that may be cut gives equal pieces, each a list of its own. An empty object is one empty range.
 * A generator, so that ten million objects are never in memory together.
 */
export function* planSplits(objects: Iterable<PlannedObject>, splitBytes: number): Generator<readonly InputRange[]> {
  const packer = new SplitPacker(splitBytes);
  for (const object of objects) yield* packer.add(object);
  yield* packer.flush();
}

/** The same, a step at a time, for listings that arrive in pages. */
export class SplitPacker {
  private readonly splitBytes: number;
  private readonly rangesMax: number;
  private ranges: InputRange[] = [];
  private bytes = 0;

  constructor(splitBytes: number, rangesMax: number = RANGES_PER_SPLIT_MAX) {
    this.splitBytes = splitBytes;
    this.rangesMax = rangesMax;
  }

  *add(object: PlannedObject): Generator<readonly InputRange[]> {
    const { key, version, bytes } = object;
    if (bytes > this.splitBytes && object.cuts === 'ranges') {
      yield* this.flush();
      for (const [byteStart, byteEnd] of cut(bytes, this.splitBytes)) yield [{ key, version, bytes, byteStart, byteEnd }];
      return;
    }
    const isFull = this.bytes + bytes > this.splitBytes || this.ranges.length >= this.rangesMax;
    if (isFull) yield* this.flush();
    this.ranges.push({ key, version, bytes, byteStart: 0, byteEnd: bytes });
    this.bytes += bytes;
  }

  *flush(): Generator<readonly InputRange[]> {
    if (this.ranges.length === 0) return;
    yield this.ranges;
    this.ranges = [];
    this.bytes = 0;
  }
}

function* cut(bytes: number, splitBytes: number): Generator<readonly [number, number]> {
  const pieces = Math.ceil(bytes / splitBytes);
  for (let piece = 0; piece < pieces; piece++) {
    yield [Math.floor((bytes * piece) / pieces), Math.floor((bytes * (piece + 1)) / pieces)];
  }
}
