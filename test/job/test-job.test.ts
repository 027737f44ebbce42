import { count, csv, defineJob, type Emit, input, lines, pairs, range, rawLines, type Slice, sum, testJob, top } from 'refold';
import { describe, expect, it } from 'vitest';

const wordCount = defineJob({
  input: lines(),
  map(line, emit: Emit<string, number>) {
    for (const word of line.split(' ')) emit(word, 1);
  },
  combine: sum(),
  reduce: sum(),
});

describe('testJob', () => {
  it('answers the pairs of a job in key order', async () => {
    expect(await testJob(wordCount, ['a b a', 'c a'])).toEqual([
      ['a', 3],
      ['b', 1],
      ['c', 1],
    ]);
  });

  it('runs a chain, each job on the pairs of the one before', async () => {
    const topWords = defineJob({
      input: pairs(wordCount),
      map([word, n], emit: Emit<null, [number, string]>) {
        emit(null, [n, word]);
      },
      combine: top(2),
      reduce: top(2),
    });
    expect(await testJob(topWords, ['a b a', 'b a c'])).toEqual([
      [null, [3, 'a']],
      [null, [2, 'b']],
    ]);
  });

  it('hands texts to a raw job as slices', async () => {
    const raw = defineJob({
      input: rawLines(),
      map(line, emit: Emit<Slice, number>) {
        for (const word of line.split(32)) emit(word, 1);
      },
      combine: sum(),
      reduce: sum(),
    });
    const counts = await testJob(raw, ['x y x']);
    expect(counts.map(([key, n]) => [Buffer.from(key as Uint8Array).toString(), n])).toEqual([
      ['x', 2],
      ['y', 1],
    ]);
  });

  it('joins named inputs', async () => {
    type Row = { kind: 'page'; rank: number } | { kind: 'visit' };
    const join = defineJob({
      inputs: {
        pages: input(csv({ columns: { url: 'string', rank: 'number' } }), (page, emit: Emit<string, Row>) => emit(page.url, { kind: 'page', rank: page.rank })),
        visits: input(lines(), (url, emit: Emit<string, Row>) => emit(url, { kind: 'visit' })),
      },
      reduce(url, rows, emit: Emit<string, [number, number]>) {
        let rank = 0;
        let visits = 0;
        for (const row of rows) {
          if (row.kind === 'page') rank = row.rank;
          else visits += 1;
        }
        emit(url, [rank, visits]);
      },
    });
    const records = { pages: [{ url: 'u', rank: 7 }], visits: ['u', 'u'] };
    expect(await testJob(join, records)).toEqual([['u', [7, 2]]]);
  });

  it('awaits an asynchronous map, sorts by range, and runs a map-only job', async () => {
    const lengths = defineJob({
      partition: range(),
      async map(line, emit: Emit<number, string>) {
        await Promise.resolve();
        emit((line as string).length, line as string);
      },
      reduce: count(),
    });
    expect(await testJob(lengths, ['bbb', 'a', 'ccc'])).toEqual([
      [1, 1],
      [3, 2],
    ]);
    const grep = defineJob({
      input: lines(),
      map(line, emit: Emit<null, string>) {
        if (line.includes('x')) emit(null, line);
      },
    });
    expect(await testJob(grep, ['x1', 'y', 'x2'])).toEqual([
      [null, 'x1'],
      [null, 'x2'],
    ]);
  });

  it('throws what map throws, with the record', async () => {
    const broken = defineJob({
      input: lines(),
      map(_line, _emit: Emit<string, number>) {
        throw new Error('no such luck');
      },
    });
    await expect(testJob(broken, ['first'])).rejects.toThrow(/map failed.*no such luck/s);
  });
});
