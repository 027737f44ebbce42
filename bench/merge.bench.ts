/**
 * The data plane of the shuffle on one core: write a segment, read it back, merge runs, walk groups. Seeded; prints the best and the
 * median round with a checksum. `node bench/merge.bench.ts`; `npm test` runs it once, small.
 */
import { MemorySource } from '../lib/shuffle/byte-source.ts';
import { GroupCursor } from '../lib/shuffle/group.ts';
import { mergeRuns } from '../lib/shuffle/merge.ts';
import type { RunCursor } from '../lib/shuffle/run-cursor.ts';
import { indexRow } from '../lib/shuffle/segment.ts';
import { openRun } from '../lib/shuffle/segment-reader.ts';
import { SegmentWriter } from '../lib/shuffle/segment-writer.ts';
import { Random } from './generators/random.ts';
import { makeWords } from './generators/words.ts';

/** Records in one buffer: key i is bytes [keyStarts[i], keyEnds[i]), its value bytes [keyEnds[i], valueEnds[i]). */
type Column = {
  readonly bytes: Uint8Array;
  readonly keyStarts: Int32Array;
  readonly keyEnds: Int32Array;
  readonly valueEnds: Int32Array;
};

type Stored = { readonly file: Uint8Array; readonly row: ReturnType<typeof indexRow> };

export type BenchLine = {
  readonly what: string;
  readonly bestMs: number;
  readonly medianMs: number;
  readonly records: number;
  readonly bytes: number;
  readonly checksum: number;
};

export function runMergeBench(records: number, rounds: number): BenchLine[] {
  const random = new Random(11);
  const rows = sorted(randomRecords(random, records, 10, 88));
  const rowRuns = Array.from({ length: 8 }, () => write(sorted(randomRecords(random, records / 8, 10, 88)), 'none'));
  const zstdRuns = Array.from({ length: 8 }, () => write(sorted(randomRecords(random, records / 8, 10, 88)), 'zstd'));
  const words = Array.from({ length: 16 }, () => write(sorted(randomWords(random, records / 16)), 'none'));
  const hot = Array.from({ length: 8 }, () => write(sorted(oneKey(records / 8)), 'none'));
  const stored = write(rows, 'none');
  const compressed = write(rows, 'zstd');
  return [
    measure('write, 100-byte records, stored', records, stored.row.rawBytes, rounds, () => write(rows, 'none').row.crc),
    measure('write, 100-byte records, zstd', records, stored.row.rawBytes, rounds, () => write(rows, 'zstd').row.crc),
    measure('read, 100-byte records, stored', records, stored.row.rawBytes, rounds, () => walk(open(stored))),
    measure('read, 100-byte records, zstd', records, stored.row.rawBytes, rounds, () => walk(open(compressed))),
    measure('8-way merge, 100-byte records', records, stored.row.rawBytes, rounds, () => walk(mergeRuns(rowRuns.map(open)))),
    measure('8-way merge, 100-byte records, zstd', records, stored.row.rawBytes, rounds, () =>
      walk(mergeRuns(zstdRuns.map(open))),
    ),
    measure('16-way merge, words', records, rawBytes(words), rounds, () => walk(mergeRuns(words.map(open)))),
    measure('16-way merge, words, grouped', records, rawBytes(words), rounds, () => walkGroups(mergeRuns(words.map(open)))),
    measure('8-way merge, one key, grouped', records, rawBytes(hot), rounds, () => walkGroups(mergeRuns(hot.map(open)))),
  ];
}

function measure(what: string, records: number, bytes: number, rounds: number, run: () => number): BenchLine {
  const times: number[] = [];
  let checksum = 0;
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    checksum = run();
    times.push(performance.now() - startMs);
  }
  times.sort((a, b) => a - b);
  return { what, records, bytes, bestMs: times[0]!, medianMs: times[times.length >> 1]!, checksum };
}

function walk(cursor: RunCursor): number {
  let sum = 0;
  while (cursor.next()) sum = (sum * 31 + cursor.keyBytes[cursor.keyStart]! + cursor.valueEnd - cursor.valueStart) | 0;
  return sum;
}

function walkGroups(cursor: RunCursor): number {
  const groups = new GroupCursor(cursor);
  let sum = 0;
  while (groups.nextGroup()) while (groups.nextValue()) sum = (sum * 31 + groups.valueBytes[groups.valueStart]!) | 0;
  return (sum + groups.groups) | 0;
}

function write(column: Column, compress: 'zstd' | 'none'): Stored {
  const { bytes, keyStarts, keyEnds, valueEnds } = column;
  const chunks = new Uint8Array(bytes.length + keyStarts.length * 4 + 1024 * 1024);
  let at = 0;
  const sink = {
    append: (chunk: Uint8Array) => {
      chunks.set(chunk, at);
      at += chunk.length;
    },
  };
  const writer = new SegmentWriter({ sink, partitions: 1, compress });
  for (let record = 0; record < keyStarts.length; record++) {
    writer.add(0, bytes, keyStarts[record]!, keyEnds[record]!, bytes, keyEnds[record]!, valueEnds[record]!);
  }
  const { index } = writer.finish({ counters: new Map(), counts: null });
  return { file: chunks.subarray(0, at), row: indexRow(index, 0) };
}

const open = (stored: Stored): RunCursor => openRun(new MemorySource(stored.file), stored.row, { segmentKey: 'bench' });
const rawBytes = (runs: readonly Stored[]): number => runs.reduce((sum, run) => sum + run.row.rawBytes, 0);

function randomRecords(random: Random, count: number, keyBytes: number, valueBytes: number): Column {
  const column = columnOf(count, keyBytes + valueBytes);
  for (let at = 0; at < column.bytes.length; at++) column.bytes[at] = random.next() & 255;
  for (let record = 0, at = 0; record < count; record++) at = place(column, record, at, keyBytes, valueBytes);
  return column;
}

/** Words of 8 letters on average under the tag of string keys, and values of one to three bytes, as a word count's combiner leaves them. */
function randomWords(random: Random, count: number): Column {
  const words = makeWords(50_000);
  const column = columnOf(count, 16);
  for (let record = 0, at = 0; record < count; record++) {
    const word = random.rank(words.count);
    const letters = words.bytes.subarray(words.starts[word]!, words.starts[word + 1]!);
    column.bytes[at] = 7;
    column.bytes.set(letters, at + 1);
    column.bytes.fill(record & 255, at + 1 + letters.length, at + 4 + letters.length);
    at = place(column, record, at, letters.length + 1, 1 + random.below(3));
  }
  return column;
}

function oneKey(count: number): Column {
  const column = columnOf(count, 12);
  for (let record = 0, at = 0; record < count; record++) at = place(column, record, at, 9, 3);
  return column;
}

function columnOf(count: number, recordBytesMax: number): Column {
  const starts = () => new Int32Array(count);
  return { bytes: new Uint8Array(count * recordBytesMax), keyStarts: starts(), keyEnds: starts(), valueEnds: starts() };
}

function place(column: Column, record: number, at: number, keyBytes: number, valueBytes: number): number {
  column.keyStarts[record] = at;
  column.keyEnds[record] = at + keyBytes;
  column.valueEnds[record] = at + keyBytes + valueBytes;
  return at + keyBytes + valueBytes;
}

function sorted(column: Column): Column {
  const { bytes, keyStarts, keyEnds, valueEnds } = column;
  const order = Array.from(keyStarts.keys());
  const keys = Buffer.from(bytes.buffer);
  order.sort((a, b) => keys.compare(keys, keyStarts[b]!, keyEnds[b]!, keyStarts[a]!, keyEnds[a]!));
  const next = columnOf(order.length, Math.ceil(bytes.length / Math.max(1, order.length)));
  let at = 0;
  for (const [rank, record] of order.entries()) {
    next.bytes.set(bytes.subarray(keyStarts[record]!, valueEnds[record]!), at);
    at = place(next, rank, at, keyEnds[record]! - keyStarts[record]!, valueEnds[record]! - keyEnds[record]!);
  }
  return next;
}

if (import.meta.main) {
  for (const line of runMergeBench(Number(process.argv[2] ?? 1_600_000), 7)) {
    const { what, bestMs, medianMs, records, bytes, checksum } = line;
    const rate = `${(records / bestMs / 1e3).toFixed(1)} M records/s  ${(bytes / bestMs / 1e3).toFixed(0)} MB/s`;
    console.log(
      `${what.padEnd(38)} best ${bestMs.toFixed(0).padStart(5)} ms  median ${medianMs.toFixed(0).padStart(5)} ms  ${rate}  checksum ${checksum}`,
    );
  }
}
