import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { chapters, linesOf } from './real-data.ts';
import { runJob } from './run-job.ts';
import { numbers, writeJob, writeLines } from './write-job.ts';

const phases = { workers: 'inline', soloBytes: 0, splitBytes: 300 } as const;
const named = numbers(200).map((line) => `${line},name "${line}"`);
const records = named.map((line) => line.split(','));

/** What each writer makes of the pair [number, name]. */
const expectedLines = {
  'tsv()': records.map(([number, name]) => `${number}\t${name}`),
  'csv()': records.map(([number, name]) => `${number},"${name!.replaceAll('"', '""')}"`),
  'jsonl()': records.map(([number, name]) => JSON.stringify({ key: Number(number), value: name })),
  'text()': records.map(([, name]) => name!),
};

describe('a map-only job', () => {
  it.each(Object.entries(expectedLines))('writes %s, a part a split, in the order of the input', async (writer, expected) => {
    const folder = temporaryFolder();
    const jobFile = writeJob(folder, sourceFor(writer));
    const { parts } = await runJob(jobFile, { ...phases, input: writeLines(folder, named) }, folder);
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.flatMap(({ bytes }) => linesOf(bytes.toString()))).toEqual(expected);
  });

  it('writes fixed records', async () => {
    const folder = temporaryFolder();
    const source = `export default defineJob({ input: fixed(4), map(record, emit) { emit(record.sub(0, 1), record.sub(1)); }, output: fixed(4) });`;
    const input = writeLines(folder, numbers(900).slice(100));
    const { parts } = await runJob(writeJob(folder, source), { ...phases, input }, folder);
    expect(parts.map(({ bytes }) => bytes.toString()).join('')).toBe(
      numbers(900)
        .slice(100)
        .map((line) => `${line}\n`)
        .join(''),
    );
  });

  it('writes gzip and zstd that gunzip and zstd read', async () => {
    const expected = `${expectedLines['tsv()'].join('\n')}\n`;
    for (const [compress, unpack] of [
      ['gzip', gunzipSync],
      ['zstd', zstdDecompressSync],
    ] as const) {
      const folder = temporaryFolder();
      const jobFile = writeJob(folder, sourceFor(`tsv({ compress: '${compress}' })`));
      const { parts } = await runJob(jobFile, { ...phases, input: writeLines(folder, named) }, folder);
      expect(parts[0]!.name).toBe({ gzip: 'part-00000.tsv.gz', zstd: 'part-00000.tsv.zst' }[compress]);
      expect(parts.map(({ bytes }) => unpack(bytes).toString()).join('')).toBe(expected);
      // Members one after another are one file to the tool as well.
      if (compress === 'gzip') {
        const files = parts.map(({ name }) => join(folder, 'out', name));
        expect(execFileSync('gunzip', ['-c', ...files], { encoding: 'utf8' })).toBe(expected);
      }
      const again = temporaryFolder();
      const read = writeJob(again, sourceFor('tsv()').replace(`line.split(',')`, `line.split('\\t')`));
      const { parts: plain } = await runJob(read, { ...phases, input: join(folder, 'out') }, again);
      expect(plain.map(({ bytes }) => bytes.toString()).join('')).toBe(expected);
    }
  });
});

describe('the input', () => {
  const count = `export default defineJob({ map(line, emit, task) { emit(task.position.object, 1); }, combine: sum(), reduce: sum() });`;

  it('may be a file, a folder or a glob, and leaves out hidden files', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(folder, count);
    mkdirSync(join(folder, 'data', 'deep'), { recursive: true });
    writeLines(join(folder, 'data'), numbers(10), 'a.txt');
    writeLines(join(folder, 'data'), numbers(20), 'b.log');
    writeLines(join(folder, 'data', 'deep'), numbers(30), 'c.txt');
    writeLines(join(folder, 'data'), numbers(40), '_hidden.txt');
    writeLines(join(folder, 'data'), numbers(50), '.hidden.txt');
    const counts = async (input: string, output: string) => {
      const { pairs } = await runJob(jobFile, { ...phases, reduceTasks: 1, input }, folder, output);
      return pairs;
    };
    expect(await counts('data', 'out')).toEqual([
      ['data/a.txt', 10],
      ['data/b.log', 20],
      ['data/deep/c.txt', 30],
    ]);
    expect(await counts('data/*.txt', 'out-glob')).toEqual([['data/a.txt', 10]]);
    expect(await counts('data/**/*.txt', 'out-deep')).toEqual([
      ['data/a.txt', 10],
      ['data/deep/c.txt', 30],
    ]);
    expect(await counts('data/b.log', 'out-file')).toEqual([['data/b.log', 20]]);
  });

  it('packs many small files into few splits', async () => {
    const folder = temporaryFolder();
    const request = { ...phases, splitBytes: 400_000, input: chapters.glob };
    const { pairs, success } = await runJob(writeJob(folder, count), request, folder);
    expect(success.receipt.steps[0]!.map.tasks).toBeLessThan(8);
    const expected = new Map(chapters.files.map(({ path, text }) => [path, linesOf(text).length]));
    expect(Object.fromEntries(pairs as [string, number][])).toEqual(
      Object.fromEntries([...expected].filter(([, lines]) => lines > 0)),
    );
  });

  it('is cut after the first records of each named input with limit', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `const map = (line, emit, task) => emit([task.input, Number(line)], null);
      export default defineJob({ inputs: { first: input(lines(), map), second: input(lines(), map) }, reduce: identity() });`,
    );
    const input = { first: writeLines(folder, numbers(500), 'first.txt'), second: writeLines(folder, numbers(3), 'second.txt') };
    for (const soloBytes of [0, 8_000_000]) {
      const request = { ...phases, soloBytes, reduceTasks: 1, input, limit: 5 };
      const { pairs } = await runJob(jobFile, { ...request, isNew: true }, temporaryFolder());
      expect(pairs.map(([key]) => key)).toEqual([
        ...[0, 1, 2, 3, 4].map((line) => ['first', line]),
        ...[0, 1, 2].map((line) => ['second', line]),
      ]);
    }
  });
});

function sourceFor(writer: string): string {
  return `export default defineJob({
    input: lines(),
    map(line, emit) { const [number, name] = line.split(','); emit(Number(number), name); },
    output: ${writer},
  });`;
}
