import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { contentOf, runJob } from './run-job.ts';
import { numbers, writeJob, writeLines } from './write-job.ts';

const first = `const first = defineJob({
  input: lines(),
  map(line, emit) {
    const n = Number(line);
    emit([n % 7, \`key \${n % 91}\`], { n, text: 'x'.repeat(n % 300), bytes: new Uint8Array(n % 5), list: [n, null, 1n] });
  },
  reduce: identity(),
});`;
const map = 'map([key, value], emit) { emit(key, value); },';
const reduce = `reduce(key, values, emit) {
  let [sum, count] = [0, 0];
  for (const { n, text, bytes, list } of values) { sum += n + text.length + bytes.length + list[0]; count += 1; }
  emit(key, [sum, count]);
},`;

describe('a job without a map, on the pairs of another', () => {
  it.each([
    { what: 'a reduce function', fields: reduce },
    { what: 'groups by a prefix of the key', fields: `groupBy: 1, ${reduce}` },
    { what: 'a total sort', fields: 'partition: range(), reduce: identity(), output: jsonl(),' },
    {
      what: 'a combine function',
      fields: `combine(key, values, emit) { const all = [...values]; emit(key, all.at(-1)); if (all.length > 1) emit(key, all[0]); }, ${reduce}`,
    },
    { what: 'a built-in combiner', fields: 'combine: count(), reduce: count(),' },
    { what: 'no reduce', fields: 'output: jsonl(),' },
  ])('gives what a map that hands them on gives: $what', async ({ fields }) => {
    const folder = temporaryFolder();
    const input = writeLines(folder, numbers(3_000));
    const request = {
      workers: 'inline',
      soloBytes: 0,
      splitBytes: 4_000,
      reduceTasks: 3,
      memoryBytes: 1024 * 1024,
      input,
    } as const;
    const definition = (own: string) => `${first}\nexport default defineJob({ input: pairs(first), ${own} ${fields} });`;
    const plain = await runJob(writeJob(folder, definition(''), 'plain.ts'), request, folder, 'plain');
    const mapped = await runJob(writeJob(folder, definition(map), 'mapped.ts'), request, folder, 'mapped');
    expect(plain.pairs.length).toBeGreaterThan(6);
    expect(contentOf(plain)).toEqual(contentOf(mapped));
    const [plainStep, mappedStep] = [plain, mapped].map(({ success }) => success.receipt.steps[1]!);
    expect(plainStep!.map).toEqual(mappedStep!.map);
  });

  it('joins them with what a map gives', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `const counts = defineJob({
        inputs: { counted: input(lines(), (line, emit) => emit(Number(line) % 10, 1)) },
        combine: sum(), reduce: sum(),
      });
      export default defineJob({
        inputs: { counts: input(pairs(counts)), names: input(lines(), (line, emit) => emit(Number(line), line)) },
        reduce(key, values, emit) { emit(key, [...values].sort((a, b) => (typeof a < typeof b ? -1 : 1)).join(' ')); },
      });`,
    );
    const input = { counted: writeLines(folder, numbers(95)), names: writeLines(folder, ['3', '7'], 'names.txt') };
    const { pairs } = await runJob(jobFile, { workers: 'inline', soloBytes: 0, reduceTasks: 1, input }, folder);
    expect(pairs).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((key) => [key, `${key < 5 ? 10 : 9}${key === 3 || key === 7 ? ` ${key}` : ''}`]),
    );
  });

  it('names the pair whose key is too short for groupBy', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `const first = defineJob({ input: lines(), map(line, emit) { emit(line === '3' ? line : [line, 1], 1); } });
      export default defineJob({ input: pairs(first), groupBy: 1, reduce(key, values, emit) { emit(key, [...values].length); } });`,
    );
    const request = { workers: 'inline', soloBytes: 0, maxAttempts: 1, input: writeLines(folder, numbers(5)) } as const;
    await expect(runJob(jobFile, request, folder)).rejects.toThrow(
      /map failed at .*, record 3 of its split, .* which groupBy asks for/,
    );
  });

  it('writes them in another format', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `const first = defineJob({ input: lines(), map(line, emit) { emit(line, line.length); }, reduce: sum() });
      export default defineJob({ input: pairs(first), output: jsonl() });`,
    );
    await runJob(jobFile, { input: writeLines(folder, ['b', 'aa', 'b']) }, folder);
    expect(readFileSync(join(folder, 'out', 'part-00000.jsonl'), 'utf8')).toBe('{"key":"aa","value":2}\n{"key":"b","value":2}\n');
  });
});
