/**
 * How fast bytes become records on one core, from memory: no disk in front, no map behind. node:readline reads the same bytes from the page
 * cache, for scale. Seeded; prints the best and the median round with a checksum.
 * `node bench/readers.bench.ts [megabytes] [rounds] [part of a name]`; `npm test` runs it once, small.
 */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { MemoryInputStore } from '../lib/memory/memory-input-store.ts';
import { csvReader } from '../lib/record/csv-reader.ts';
import { fixedReader } from '../lib/record/fixed-reader.ts';
import { jsonlReader } from '../lib/record/jsonl-reader.ts';
import { lines } from '../lib/record/lines.ts';
import { rawLines } from '../lib/record/raw-lines.ts';
import { readRange } from '../lib/record/read-range.ts';
import type { Reader } from '../lib/record/reader.ts';
import { Random } from './generators/random.ts';

/** `bytes` are uncompressed. */
export type ReaderLine = {
  readonly what: string;
  readonly bestMBs: number;
  readonly medianMBs: number;
  readonly checksum: number;
};

type Contest = { readonly what: string; readonly bytes: number; readonly run: () => Promise<number> };

/** @param only a part of the names of those to run: alone, each gets its own code from the compiler, as in a job */
export async function runReadersBench(megabytes: number, rounds: number, only = ''): Promise<ReaderLine[]> {
  const folder = mkdtempSync(join(tmpdir(), 'refold-bench-'));
  try {
    const found: ReaderLine[] = [];
    for (const contest of contests(megabytes * 1_000_000, folder))
      if (contest.what.includes(only)) found.push(await measure(contest, rounds));
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function contests(size: number, folder: string): Contest[] {
  const text = makeLines(size, 100, []);
  const short = makeLines(size, 12, []);
  const mixed = makeLines(size, 100, ['’', 'é']);
  const plainTable = makeTable(size, false);
  const quotedTable = makeTable(size, true);
  const json = makeJson(size / 4);
  const textFile = join(folder, 'lines.txt');
  writeFileSync(textFile, text);
  const columns = { id: 'number', url: 'string', price: 'number', name: 'string', word: 'string', count: 'number' } as const;
  return [
    { what: 'node:readline, string lines', bytes: text.length, run: () => readlines(textFile) },
    contest('lines, 100 bytes', text, lines(), (line) => line.length),
    contest('lines, 12 bytes', short, lines(), (line) => line.length),
    contest('lines, 100 bytes, a third not ASCII', mixed, lines(), (line) => line.length),
    contest('lines, 100 bytes, gzip', text, lines(), (line) => line.length, gzipSync(text, { level: 1 })),
    contest('lines, 100 bytes, zstd', text, lines(), (line) => line.length, zstdCompressSync(text)),
    contest('rawLines, 100 bytes', text, rawLines(), () => 1),
    contest('rawLines, 12 bytes', short, rawLines(), () => 1),
    contest('rawLines, split into words', text, rawLines(), (line) => {
      let sum = 0;
      for (const word of line.split(SPACE)) sum += word.length;
      return sum;
    }),
    contest('rawLines, indexOf a rare string', text, rawLines(), (line) => line.indexOf('upstream timed out') + 2),
    contest('rawLines, indexOf a frequent string', text, rawLines(), (line) => line.indexOf('ab') + 2),
    contest('rawLines, a field as a number', plainTable, rawLines(), (line) => line.field(2, COMMA).toNumber()),
    contest('fixed(100)', text.subarray(0, size - (size % 100)), fixedReader(100), (record) => record.length),
    contest('csv, string[]', plainTable, csvReader(), (row) => row.length),
    contest('csv, string[], quoted', quotedTable, csvReader(), (row) => row.length),
    contest('csv, 6 typed columns', plainTable, csvReader({ columns }), (row) => row.price + row.name.length),
    contest('csv, 6 typed columns, quoted', quotedTable, csvReader({ columns }), (row) => row.price + row.name.length),
    contest('jsonl', json, jsonlReader<{ readonly id: number }>(), (value) => value.id),
  ];
}

function contest<R>(what: string, text: Uint8Array, reader: Reader<R>, weigh: (record: R) => number, stored = text): Contest {
  const input = new MemoryInputStore();
  input.write('in', stored);
  const range = { key: 'in', version: 'v1', bytes: stored.length, byteStart: 0, byteEnd: stored.length };
  const run = async () => {
    let checksum = 0;
    const sink = (record: R) => {
      checksum += weigh(record);
      return true;
    };
    await readRange({ input, reader, scanner: reader.open(), range, onWindow: () => {}, sink, drain: () => undefined });
    return checksum;
  };
  return { what, bytes: text.length, run };
}

async function readlines(path: string): Promise<number> {
  let checksum = 0;
  const reading = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  await new Promise<void>((resolve) => {
    reading.on('line', (line) => {
      checksum += line.length;
    });
    reading.on('close', resolve);
  });
  return checksum;
}

async function measure({ what, bytes, run }: Contest, rounds: number): Promise<ReaderLine> {
  const speeds: number[] = [];
  let checksum = 0;
  for (let round = 0; round < rounds; round++) {
    const startedAtMs = performance.now();
    checksum = await run();
    speeds.push(bytes / 1000 / (performance.now() - startedAtMs));
  }
  speeds.sort((a, b) => b - a);
  return { what, bestMBs: speeds[0]!, medianMBs: speeds[rounds >> 1]!, checksum };
}

/** Words of 1 to 12 letters in lines of about `lineBytes`. */
function makeLines(size: number, lineBytes: number, specials: readonly string[]): Uint8Array {
  const random = new Random(7);
  const parts: string[] = [];
  for (let bytes = 0; bytes < size; ) {
    let line = specials.length > 0 && random.below(3) === 0 ? specials[random.below(specials.length)]! : word(random);
    while (line.length < lineBytes - 8) line += ` ${word(random)}`;
    parts.push(line);
    bytes += line.length + 1;
  }
  return Buffer.from(`${parts.join('\n')}\n`);
}

function makeTable(size: number, isQuoted: boolean): Uint8Array {
  const random = new Random(8);
  const quoted = (text: string) => (isQuoted ? `"${text}"` : text);
  const rows: string[] = [];
  for (let bytes = 0; bytes < size; ) {
    const url = `https://${word(random)}.example/${word(random)}`;
    const price = (random.below(100_000) / 100).toFixed(2);
    const name = isQuoted ? `${word(random)}, ${word(random)}` : `${word(random)} ${word(random)}`;
    const row = `${random.below(1_000_000)},${quoted(url)},${price},${quoted(name)},${word(random)},${random.below(50)}`;
    rows.push(row);
    bytes += row.length + 1;
  }
  return Buffer.from(`${rows.join('\n')}\n`);
}

function makeJson(size: number): Uint8Array {
  const random = new Random(9);
  const rows: string[] = [];
  for (let bytes = 0; bytes < size; ) {
    const row = JSON.stringify({
      id: random.below(1_000_000),
      name: word(random),
      tags: [word(random), word(random)],
      price: random.unit(),
    });
    rows.push(row);
    bytes += row.length + 1;
  }
  return Buffer.from(`${rows.join('\n')}\n`);
}

function word(random: Random): string {
  let text = '';
  for (let length = 1 + random.below(12); length > 0; length--) text += LETTERS[random.below(26)]!;
  return text;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const SPACE = 0x20;
const COMMA = 0x2c;

if (import.meta.main) {
  const [megabytes = '32', rounds = '7', only = ''] = process.argv.slice(2);
  for (const { what, bestMBs, medianMBs, checksum } of await runReadersBench(Number(megabytes), Number(rounds), only)) {
    console.log(
      `${what.padEnd(40)} ${bestMBs.toFixed(0).padStart(6)} MB/s best ${medianMBs.toFixed(0).padStart(6)} median  ${checksum.toFixed(0)}`,
    );
  }
}
