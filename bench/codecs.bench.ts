/**
 * Codecs, combiners and writers on one core: nanoseconds a call, best and median round. Seeded, with a checksum, so that equal code gives
 * equal results. `node bench/codecs.bench.ts`; `npm test` runs it once, small.
 */
import { pathToFileURL } from 'node:url';
import type { BuiltinCombiner } from '../lib/combine/combiner.ts';
import { count } from '../lib/combine/count.ts';
import { max } from '../lib/combine/min-max.ts';
import { sum } from '../lib/combine/sum.ts';
import { top } from '../lib/combine/top.ts';
import { ByteSink } from '../lib/record/byte-sink.ts';
import { compareKeys } from '../lib/record/compare-keys.ts';
import { csvWriter } from '../lib/record/csv-writer.ts';
import { fixedWriter } from '../lib/record/fixed-writer.ts';
import { hashKey } from '../lib/record/hash-key.ts';
import { jsonlWriter } from '../lib/record/jsonl-writer.ts';
import { decodeKey } from '../lib/record/key-decoder.ts';
import { encodeKey } from '../lib/record/key-encoder.ts';
import { tsv } from '../lib/record/tsv-writer.ts';
import { decodeValue } from '../lib/record/value-decoder.ts';
import { encodeValue } from '../lib/record/value-encoder.ts';
import type { Writer } from '../lib/record/writer.ts';

export type CodecLine = {
  readonly what: string;
  readonly bestNs: number;
  readonly medianNs: number;
  /** Bytes made or read by one call, on average. */
  readonly bytes: number;
  readonly checksum: number;
};

/** Encoded things in one buffer: number i is bytes [starts[i], starts[i + 1]). */
type Encoded = { readonly bytes: Uint8Array; readonly starts: Int32Array };

export function runCodecsBench(items: number, rounds: number): CodecLine[] {
  const random = seeded(7);
  const words = Array.from({ length: items }, () => word(random));
  const accented = words.map((text) => `${text}é`);
  const fractions = Array.from({ length: items }, () => Math.floor(random() * 10_000) / 10_000 + 0.00005);
  const spread = Array.from({ length: items }, () => (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20));
  const integers = Array.from({ length: items }, () => Math.floor(random() * 100_000));
  const tuples = words.map((text, index) => [integers[index]!, text]);
  const objects = words.map((text, index) => ({ name: text, count: integers[index]!, tags: ['a', 'b'] }));
  const blobs = words.map((_, index) => new Uint8Array(90).fill(index));
  const keys = encodeAll(words, encodeKey);
  const blobKeys = encodeAll(
    blobs.map((blob) => blob.subarray(0, 10)),
    encodeKey,
  );
  const small = encodeAll(integers, encodeValue);
  const measure = (what: string, run: () => number, bytes: number) => measureLine(what, items, rounds, run, bytes);
  const encode = (what: string, values: readonly unknown[], encodeOne: (value: unknown, sink: ByteSink) => void) => {
    const sink = new ByteSink(1 << 20);
    const run = () => {
      let total = 0;
      for (let index = 0; index < values.length; index++) {
        sink.length = 0;
        encodeOne(values[index], sink);
        total += sink.length;
      }
      return total;
    };
    return measure(what, run, run() / items);
  };
  const decode = (what: string, encoded: Encoded, decodeOne: (bytes: Uint8Array, start: number, end: number) => unknown) => {
    const { bytes, starts } = encoded;
    const run = () => {
      let total = 0;
      for (let index = 0; index < items; index++) if (decodeOne(bytes, starts[index]!, starts[index + 1]!) !== null) total++;
      return total;
    };
    return measure(what, run, bytes.length / items);
  };
  const write = (what: string, writer: Writer, keysOf: Encoded, valuesOf: Encoded) => {
    const formatter = writer.open();
    const sink = new ByteSink(1 << 24);
    const run = () => {
      sink.length = 0;
      for (let index = 0; index < items; index++) {
        formatter.formatEncoded(
          keysOf.bytes,
          keysOf.starts[index]!,
          keysOf.starts[index + 1]!,
          valuesOf.bytes,
          valuesOf.starts[index]!,
          valuesOf.starts[index + 1]!,
          sink,
        );
      }
      return sink.length;
    };
    return measure(what, run, run() / items);
  };
  return [
    encode('encodeKey, word', words, encodeKey),
    encode('encodeKey, word with an accent', accented, encodeKey),
    encode('encodeKey, integer', integers, encodeKey),
    encode('encodeKey, [integer, word]', tuples, encodeKey),
    decode('decodeKey, word', keys, decodeKey),
    decode('decodeKey, [integer, word]', encodeAll(tuples, encodeKey), decodeKey),
    decode('hashKey, word', keys, hashKey),
    measure('compareKeys, words', () => compareNeighbours(keys), keys.bytes.length / items),
    encode('encodeValue, integer', integers, encodeValue),
    encode('encodeValue, fraction', fractions, encodeValue),
    encode('encodeValue, word', words, encodeValue),
    encode('encodeValue, object', objects, encodeValue),
    decode('decodeValue, integer', small, decodeValue),
    decode('decodeValue, word', encodeAll(words, encodeValue), decodeValue),
    decode('decodeValue, object', encodeAll(objects, encodeValue), decodeValue),
    measure('sum, integers', () => addAll(sum(), integers), 8),
    measure('sum, fractions', () => addAll(sum(), fractions), 8),
    measure('sum, 40 magnitudes', () => addAll(sum(), spread), 8),
    measure('sum, encoded integers', () => addEncoded(sum(), small, items), 8),
    measure('count', () => addAll(count(), integers), 8),
    measure('max, fractions', () => addAll(max(), fractions), 8),
    measure('top(10), [integer, word]', () => addValues(top(10), tuples), 8),
    write('tsv, word and integer', tsv(), keys, small),
    write('csv, word and integer', csvWriter(), keys, small),
    write('jsonl, word and integer', jsonlWriter(), keys, small),
    write('tsv, bytes of 10 and 90', tsv(), blobKeys, encodeAll(blobs, encodeValue)),
    write('fixed(100)', fixedWriter(100), blobKeys, encodeAll(blobs, encodeValue)),
  ];
}

const SLOTS = 64;

function addAll(
  combiner: BuiltinCombiner<unknown, unknown> | BuiltinCombiner<number, unknown>,
  values: readonly number[],
): number {
  const states = combiner.createStates();
  for (let slot = 0; slot < SLOTS; slot++) states.startNumber(slot, 0);
  for (let index = 0; index < values.length; index++) states.addNumber(index & (SLOTS - 1), values[index]!);
  return Number(states.result(3)[0]);
}

function addValues(combiner: BuiltinCombiner<never, unknown>, values: readonly unknown[]): number {
  const states = combiner.createStates();
  for (let slot = 0; slot < SLOTS; slot++) states.start(slot, values[slot]);
  for (let index = SLOTS; index < values.length; index++) states.add(index & (SLOTS - 1), values[index]);
  return states.result(3).length;
}

function addEncoded(combiner: BuiltinCombiner<never, unknown>, { bytes, starts }: Encoded, items: number): number {
  const states = combiner.createStates();
  for (let slot = 0; slot < SLOTS; slot++) states.startNumber(slot, 0);
  for (let index = 0; index < items; index++) states.addEncoded(index & (SLOTS - 1), bytes, starts[index]!, starts[index + 1]!);
  return Number(states.result(3)[0]);
}

function compareNeighbours({ bytes, starts }: Encoded): number {
  let less = 0;
  for (let index = 2; index < starts.length; index++) {
    if (compareKeys(bytes, starts[index - 2]!, starts[index - 1]!, bytes, starts[index - 1]!, starts[index]!) < 0) less++;
  }
  return less;
}

function encodeAll(values: readonly unknown[], encodeOne: (value: unknown, sink: ByteSink) => void): Encoded {
  const sink = new ByteSink();
  const starts = new Int32Array(values.length + 1);
  for (let index = 0; index < values.length; index++) {
    encodeOne(values[index], sink);
    starts[index + 1] = sink.length;
  }
  return { bytes: sink.take(), starts };
}

function measureLine(what: string, items: number, rounds: number, run: () => number, bytes: number): CodecLine {
  const times: number[] = [];
  let checksum = 0;
  for (let round = 0; round < rounds; round++) {
    const startNs = process.hrtime.bigint();
    checksum = run();
    times.push(Number(process.hrtime.bigint() - startNs) / items);
  }
  times.sort((a, b) => a - b);
  return { what, bestNs: times[0]!, medianNs: times[rounds >> 1]!, bytes, checksum };
}

function word(random: () => number): string {
  const length = 3 + Math.floor(random() * 8);
  let text = '';
  for (let index = 0; index < length; index++) text += String.fromCharCode(97 + Math.floor(random() * 26));
  return text;
}

/** mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const line of runCodecsBench(50_000, 15)) {
    const rate = `${Math.round((line.bytes / line.bestNs) * 1000)} MB/s`;
    console.log(
      `${line.what.padEnd(32)} best ${line.bestNs.toFixed(1).padStart(7)} ns  median ${line.medianNs.toFixed(1).padStart(7)} ns  ${rate.padStart(10)}  checksum ${line.checksum}`,
    );
  }
}
