/**
 * The data plane of the map side on one core: emit into the combine table and the sort buffer, sort, write the segment. Seeded; prints the best
 * and the median round with a checksum of the segments. `node bench/collect.bench.ts [records] [part of a name]`, one name a process for figures
 * as a job has them: code that has seen several combiners is slower. Times are processor time of the thread. `npm test` runs it once, small.
 *
 * Best of 7 rounds of 1 M records, Node 24, one busy AMD EPYC core with 1 MiB of L2 (emit a record / finish a record written):
 *   sum, slices: 20 thousand words 24 ns; 2 million words 60 / 142 ns
 *   sum, strings: 20 thousand words 59 ns; 2 million words 288 / 135 ns
 *   sum of fractions: 20 thousand words 47 ns; top: 79 ns; 2 million words 206 / 352 ns
 *   sort: 100-byte records 88 / 290 ns = 265 MB/s; one hot key 40 / 76 ns
 */
import * as zlib from 'node:zlib';
import type { BuiltinCombiner } from '../lib/combine/combiner.ts';
import { sum } from '../lib/combine/sum.ts';
import { top } from '../lib/combine/top.ts';
import { hash } from '../lib/job/partitioner.ts';
import { createMapCollector, type MapCollector } from '../lib/map/map-collector.ts';
import { MemoryScratch } from '../lib/memory/memory-scratch.ts';
import { Slice } from '../lib/record/slice.ts';
import { SegmentWriter } from '../lib/shuffle/segment-writer.ts';
import { Random } from './generators/random.ts';
import { makeWords } from './generators/words.ts';

const MEMORY_BYTES = 256 * 1024 * 1024;
const PARTITIONS = 8;

type Emit = MapCollector['emit'];
type Case = {
  readonly name: string;
  readonly combiner?: BuiltinCombiner<number, unknown>;
  /** Makes the data; what it answers emits all of it. */
  prepare(records: number): { readonly bytes: number; readonly emitAll: (emit: Emit) => void };
};

export type BenchLine = {
  readonly name: string;
  readonly records: number;
  readonly bytes: number;
  readonly written: number;
  readonly emitMs: readonly number[];
  readonly finishMs: readonly number[];
  readonly checksum: number;
};

export const CASES: readonly Case[] = [
  { name: 'sum, 20 thousand words, slices', combiner: sum(), prepare: (records) => wordSlices(records, 20_000) },
  { name: 'sum, 2 million words, slices', combiner: sum(), prepare: (records) => wordSlices(records, 2_000_000) },
  { name: 'sum, 20 thousand words, strings', combiner: sum(), prepare: (records) => wordStrings(records, 20_000) },
  { name: 'sum, 2 million words, strings', combiner: sum(), prepare: (records) => wordStrings(records, 2_000_000) },
  { name: 'sum of fractions, 20 thousand words', combiner: sum(), prepare: (records) => wordSlices(records, 20_000, 0.1) },
  { name: 'top, 20 thousand words, slices', combiner: top(1), prepare: (records) => wordSlices(records, 20_000) },
  { name: 'top, 2 million words, slices', combiner: top(1), prepare: (records) => wordSlices(records, 2_000_000) },
  { name: 'sort, 100-byte records, slices', prepare: fixedRecords },
  { name: 'sort, strings and numbers', prepare: (records) => wordStrings(records, 2_000_000) },
  { name: 'sort, one key and numbers', prepare: (records) => wordStrings(records, 1) },
];

export async function runCase(one: Case, records: number, rounds: number): Promise<BenchLine> {
  const { bytes, emitAll } = one.prepare(records);
  const emitMs: number[] = [];
  const finishMs: number[] = [];
  let written = 0;
  let checksum = 0;
  for (let round = 0; round < rounds; round++) {
    const collector = createMapCollector({
      partitions: PARTITIONS,
      groupBy: 0,
      partition: hash(),
      boundaries: [],
      combiner: one.combiner as BuiltinCombiner<unknown, unknown> | undefined,
      memoryBytes: MEMORY_BYTES,
      scratch: new MemoryScratch(),
    });
    const startMs = threadMs();
    emitAll(collector.emit);
    const emittedMs = threadMs();
    checksum = 0;
    const sink = {
      append: (block: Uint8Array) => {
        checksum = zlib.crc32(block.subarray(0, 64), checksum);
      },
    };
    const writer = new SegmentWriter({ sink, partitions: PARTITIONS, compress: 'none' });
    await collector.finish(writer, () => undefined);
    writer.finish({ counters: new Map(), counts: null });
    emitMs.push(emittedMs - startMs);
    finishMs.push(threadMs() - emittedMs);
    written = collector.emitted - collector.combined;
    collector.release();
  }
  return { name: one.name, records, bytes, written, emitMs, finishMs, checksum };
}

/** Processor time of this thread: other processes on the machine disturb it least. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Every word as a slice of one text, as `split` hands them out. */
function wordSlices(records: number, distinct: number, value = 1): ReturnType<Case['prepare']> {
  const words = makeWords(distinct);
  const random = new Random(7);
  const text = new Uint8Array(records * 12 + 16);
  const starts = new Int32Array(records + 1);
  let at = 0;
  for (let record = 0; record < records; record++) {
    const word = random.below(distinct);
    starts[record] = at;
    for (let from = words.starts[word]!; from < words.starts[word + 1]!; from++) text[at++] = words.bytes[from]!;
  }
  starts[records] = at;
  const emitAll = (emit: Emit) => {
    const slice = new Slice(text, 0, 0);
    for (let record = 0; record < records; record++) {
      slice.byteStart = starts[record]!;
      slice.byteEnd = starts[record + 1]!;
      emit(slice, value);
    }
  };
  return { bytes: at, emitAll };
}

/** Strings that are made anew for each record, as `split` makes them. */
function wordStrings(records: number, distinct: number): ReturnType<Case['prepare']> {
  const words = makeWords(distinct);
  const random = new Random(7);
  const text = Buffer.from(words.bytes.buffer).toString('latin1', 0, words.starts[distinct]!);
  const order = Int32Array.from({ length: records }, () => random.below(distinct));
  let bytes = 0;
  for (const word of order) bytes += words.starts[word + 1]! - words.starts[word]!;
  const emitAll = (emit: Emit) => {
    for (let record = 0; record < records; record++) {
      const word = order[record]!;
      emit(text.slice(words.starts[word]!, words.starts[word + 1]!), record & 1023);
    }
  };
  return { bytes, emitAll };
}

/** Keys of 10 random bytes, values of 90. */
function fixedRecords(records: number): ReturnType<Case['prepare']> {
  const random = new Random(7);
  const bytes = new Uint8Array(records * 100);
  for (let at = 0; at < bytes.length; at++) bytes[at] = random.next() & 255;
  const emitAll = (emit: Emit) => {
    const key = new Slice(bytes, 0, 0);
    const value = new Slice(bytes, 0, 0);
    for (let at = 0; at < bytes.length; at += 100) {
      key.byteStart = at;
      key.byteEnd = at + 10;
      value.byteStart = at + 10;
      value.byteEnd = at + 100;
      emit(key, value);
    }
  };
  return { bytes: bytes.length, emitAll };
}

function formatLine(line: BenchLine): string {
  const { records, written, bytes } = line;
  const sorted = (times: readonly number[]) => times.toSorted((a, b) => a - b);
  const nanoseconds = (ms: number, count: number) => `${((ms * 1e6) / count).toFixed(0).padStart(4)} ns`;
  const emit = sorted(line.emitMs);
  const finish = sorted(line.finishMs);
  const middle = emit.length >> 1;
  return [
    line.name.padEnd(34),
    `emit best ${nanoseconds(emit[0]!, records)} median ${nanoseconds(emit[middle]!, records)}`,
    `finish best ${nanoseconds(finish[0]!, written)} median ${nanoseconds(finish[middle]!, written)} a record written`,
    `${(bytes / (emit[0]! + finish[0]!) / 1e3).toFixed(0).padStart(4)} MB/s`,
    `checksum ${line.checksum}`,
  ].join('  ');
}

if (import.meta.main) {
  const records = Number(process.argv[2] ?? 2_000_000);
  for (const one of CASES.filter(({ name }) => name.includes(process.argv[3] ?? '')))
    console.log(formatLine(await runCase(one, records, 7)));
}
