import {
  count,
  csv,
  defineJob,
  type Emit,
  files,
  fixed,
  input,
  jsonl,
  lines,
  pairs,
  range,
  rawLines,
  type Slice,
  sum,
  testJob,
  top,
} from 'refold';
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
        pages: input(csv({ columns: { url: 'string', rank: 'number' } }), (page, emit: Emit<string, Row>) =>
          emit(page.url, { kind: 'page', rank: page.rank }),
        ),
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
        emit(line.length, line);
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

  it('throws what user code throws, with the index of the record or the key', async () => {
    const broken = defineJob({
      input: lines(),
      map(line, emit: Emit<string, number>) {
        if (line === 'third') throw new Error('no such luck');
        emit(line, 1);
      },
      reduce(word) {
        throw new Error(`nor with ${word}`);
      },
    });
    await expect(testJob(broken, ['first', 'second', 'third'])).rejects.toThrow(
      /map failed at test\/input, record 2.*no such luck/s,
    );
    await expect(testJob(broken, ['first', 'second', 'third'])).rejects.toMatchObject({
      values: { record: 2, object: 'test/input' },
    });
    await expect(testJob(broken, ['b', 'a'])).rejects.toThrow(/reduce failed at key "a": Error: nor with a/);
  });

  it('takes params by the types of their defaults, and refuses others', async () => {
    const long = defineJob({
      params: { minLength: 3 },
      map(word, emit: Emit<null, string>, task) {
        if (word.length >= task.params.minLength) emit(null, word);
      },
    });
    expect(await testJob(long, ['a', 'abc', 'abcd'])).toHaveLength(2);
    expect(await testJob(long, ['a', 'abc', 'abcd'], { params: { minLength: 4 } })).toEqual([[null, 'abcd']]);
    await expect(testJob(long, [], { params: { minLenght: 4 } })).rejects.toThrow(/minLenght/);
  });

  it('refuses records of an input that the job has not, and takes one left out as empty', async () => {
    const named = defineJob({
      inputs: {
        words: input(lines(), (line, emit: Emit<string, number>) => emit(line, 1)),
        others: input(rawLines(), (line, emit: Emit<string, number>) => emit(line.toString(), 1)),
      },
      reduce: sum(),
    });
    const expected = [
      ['a', 2],
      ['b', 1],
    ];
    expect(await testJob(named, { words: ['a', 'b'], others: ['a'] })).toEqual(expected);
    expect(await testJob(named, { words: ['a', 'b', 'a'] })).toEqual(expected);
    await expect(testJob(named, { wrods: ['a'] })).rejects.toThrow(/wrods/);
    await expect(testJob(named, ['a'])).rejects.toThrow(/an array is not given for an input of this job/);
  });

  it('hands on the records of every reader as they are', async () => {
    const rows = defineJob({
      input: csv({ header: true, columns: { name: 'string', n: 'number' } }),
      map(row, emit: Emit<string, number>) {
        emit(row.name, row.n);
      },
      reduce: sum(),
    });
    expect(
      await testJob(rows, [
        { name: 'x', n: 0.1 },
        { name: 'x', n: 0.2 },
      ]),
    ).toEqual([['x', 0.30000000000000004]]);
    const values = defineJob({
      input: jsonl<{ list: number[] }>(),
      map({ list }, emit: Emit<number, null>) {
        for (const n of list) emit(n, null);
      },
    });
    expect(await testJob(values, [{ list: [2, 1] }, { list: [] }])).toEqual([
      [2, null],
      [1, null],
    ]);
    const whole = defineJob({
      input: files(),
      map({ path, bytes }, emit: Emit<string, number>) {
        emit(path, bytes.length);
      },
    });
    expect(await testJob(whole, [{ path: 'a', bytes: new Uint8Array(3) }])).toEqual([['a', 3]]);
    const halves = defineJob({
      input: fixed(4),
      map(record, emit: Emit<Slice, Slice>) {
        emit(record.sub(2), record.sub(0, 2));
      },
    });
    expect(await testJob(halves, ['abcd'])).toEqual([
      [Buffer.from('cd'), Buffer.from('ab')].map((bytes) => new Uint8Array(bytes)),
    ]);
  });

  it('groups, orders, counts and keeps what is in flight in order, as a real run does', async () => {
    const job = defineJob({
      concurrency: 4,
      async map(line, emit: Emit<[string, number], number>) {
        await new Promise((resolve) => setTimeout(resolve, line.length));
        emit([line.slice(0, 1), line.length], line.length);
      },
      groupBy: 1,
      reduce([letter], lengths, emit: Emit<string, number[]>) {
        emit(letter, [...lengths]);
      },
      setup() {},
      cleanup(emit) {
        emit(['z', 0], 0);
      },
    });
    expect(await testJob(job, ['aaaa', 'b', 'aa', 'bbb', 'a'])).toEqual([
      ['a', [1, 2, 4]],
      ['b', [1, 3]],
      ['z', [0]],
    ]);
  });
});
