import { collect, defineJob, type Emit, lines, sum, testJob } from 'refold';
import { describe, expect, it } from 'vitest';

type AnyEmit = Emit<string, unknown>;
const numbers = Array.from({ length: 40 }, (_, index) => String(index));
const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 1));

/** Emits, and swallows what emit throws. */
function emitQuietly(emit: AnyEmit, key: string, value: unknown): void {
  try {
    emit(key, value);
  } catch {}
}

describe.each([
  { shape: 'with reduce', rest: { reduce: collect() } },
  { shape: 'map only', rest: {} },
])('emit, $shape', ({ rest }) => {
  it.each([1, 4])('takes what was there when it was called, with concurrency %i', async (concurrency) => {
    const job = defineJob({
      concurrency,
      input: lines(),
      async map(line, emit: AnyEmit) {
        const value = { seen: 0, bytes: Uint8Array.of(1) };
        emit(`${line}a`, value);
        value.seen = 1;
        value.bytes[0] = 9;
        await pause();
        emit(`${line}b`, value);
        value.seen = 2;
      },
      ...rest,
    });
    const pairs = (await testJob(job, ['x', 'y'])) as [string, unknown][];
    const unpacked = pairs.map(([key, value]) => [key, Array.isArray(value) ? value[0] : value]);
    const first = { seen: 0, bytes: Uint8Array.of(1) };
    const second = { seen: 1, bytes: Uint8Array.of(9) };
    expect(unpacked).toEqual([
      ['xa', first],
      ['xb', second],
      ['ya', first],
      ['yb', second],
    ]);
  });

  it.each([1, 4])('throws within the call at what cannot be encoded, with concurrency %i', async (concurrency) => {
    const job = defineJob({
      concurrency,
      input: lines(),
      async map(line, emit: AnyEmit) {
        try {
          emit(line, { broken: () => 1 });
        } catch (error) {
          emit(line, (error as Error).name);
        }
      },
      ...rest,
    });
    const pairs = (await testJob(job, ['x'])) as [string, unknown][];
    expect(pairs.flat(2)).toEqual(['x', expect.stringMatching(/^(UnencodableError|UnwritableRecordError)$/)]);
  });

  it('refuses a pair of a record that is over, with concurrency, and fails though the error is swallowed', async () => {
    const job = defineJob({
      concurrency: 4,
      input: lines(),
      async map(line, emit: AnyEmit) {
        if (line === '3') setTimeout(() => emitQuietly(emit, 'late', 1), 2);
        await pause();
        await pause();
        await pause();
        emit(line, 1);
      },
      ...rest,
    });
    const early = defineJob({
      concurrency: 4,
      input: lines(),
      async map(line, emit: AnyEmit) {
        if (line === '3') setTimeout(() => emitQuietly(emit, 'late', 1), 5);
        else for (let round = 0; round < 10; round++) await pause();
        emit(line, 1);
      },
      ...rest,
    });
    await expect(testJob(early, numbers)).rejects.toThrow(/the call that it was handed to was over/);
    await expect(testJob(job, numbers.slice(0, 4))).resolves.toHaveLength(5);
  });

  it('refuses a pair of a record that is over, one at a time, and fails though the error is swallowed', async () => {
    const waiting = defineJob({
      input: lines(),
      async map(line, emit: AnyEmit) {
        if (line === '3') setTimeout(() => emitQuietly(emit, 'late', 1), 2);
        for (let round = 0; round < 3; round++) await pause();
        if (line !== '3') emit(line, 1);
      },
      ...rest,
    });
    const early = defineJob({
      input: lines(),
      async map(line, emit: AnyEmit) {
        if (line === '3') setTimeout(() => emitQuietly(emit, 'late', 1), 5);
        else for (let round = 0; round < 10; round++) await pause();
        emit(line, 1);
      },
      ...rest,
    });
    await expect(testJob(early, numbers.slice(0, 8))).rejects.toThrow(/the call that it was handed to was over/);
    await expect(testJob(waiting, numbers.slice(0, 4))).resolves.toHaveLength(4);
  });

  it('refuses a pair of a promise that map has not returned', async () => {
    const job = defineJob({
      input: lines(),
      map(line, emit: AnyEmit) {
        Promise.resolve().then(() => emitQuietly(emit, line, 1));
      },
      ...rest,
    });
    await expect(testJob(job, numbers)).rejects.toThrow(/the call that it was handed to was over/);
  });

  it.each([1, 4])('takes what cleanup emits, with concurrency %i', async (concurrency) => {
    const job = defineJob({
      concurrency,
      input: lines(),
      async map(line, emit: AnyEmit) {
        await pause();
        emit(line, 1);
      },
      async cleanup(emit: AnyEmit) {
        await pause();
        emit('total', 1);
      },
      ...rest,
    });
    const pairs = (await testJob(job, ['a'])) as [string, unknown][];
    expect(pairs.map(([key]) => key)).toEqual(['a', 'total']);
  });

  it.each([1, 4])('refuses a pair out of the getter of another one, with concurrency %i', async (concurrency) => {
    const job = defineJob({
      concurrency,
      input: lines(),
      async map(line, emit: AnyEmit) {
        const value = {
          first: 1,
          get second() {
            emitQuietly(emit, 'nested', { third: 3 });
            return 2;
          },
        };
        emitQuietly(emit, line, value);
      },
      ...rest,
    });
    await expect(testJob(job, ['x'])).rejects.toThrow(/while another pair was being encoded/);
  });
});

describe('emit', () => {
  it('refuses a pair out of a getter while a combiner keeps values', async () => {
    const job = defineJob({
      input: lines(),
      map(line, emit: AnyEmit) {
        const value = {
          get nested() {
            emitQuietly(emit, 'nested', 1);
            return 2;
          },
        };
        emitQuietly(emit, line, value);
      },
      combine: collect(),
      reduce: collect(),
    });
    await expect(testJob(job, ['x'])).rejects.toThrow(/while another pair was being encoded/);
  });

  it('refuses a pair out of a getter within combine', async () => {
    const job = defineJob({
      input: lines(),
      map(line, emit: AnyEmit) {
        emit(line, 1);
      },
      combine(key, _values, emit) {
        const value = {
          get nested() {
            emitQuietly(emit, key, { a: 1 });
            return 2;
          },
        };
        emitQuietly(emit, key, value);
      },
      reduce: collect(),
    });
    await expect(testJob(job, ['x'])).rejects.toThrow(/while another pair was being encoded/);
  });

  it('refuses a pair of a group that is over, and fails though the error is swallowed', async () => {
    const job = defineJob({
      input: lines(),
      map(line, emit: AnyEmit) {
        emit(line, 1);
      },
      async reduce(key, values, emit: AnyEmit) {
        if (key === '0') setTimeout(() => emitQuietly(emit, 'late', 1), 2);
        else await pause();
        for (const value of values) emit(key, value);
      },
    });
    await expect(testJob(job, numbers)).rejects.toThrow(/the call that it was handed to was over/);
  });

  it('fails with what combine threw, though map swallowed it', async () => {
    const job = defineJob({
      memoryBytes: 65536,
      input: lines(),
      map(line, emit: AnyEmit) {
        for (let index = 0; index < 4000; index++) emitQuietly(emit, `${line} ${index}`, 'some text as a value');
      },
      combine() {
        throw new Error('combine is broken');
      },
      reduce: collect(),
    });
    await expect(testJob(job, ['x', 'y'])).rejects.toThrow(/combine is broken/);
  });

  it('fails with a sum of number and bigint, though map swallowed it', async () => {
    const job = defineJob({
      input: lines(),
      map(line, emit: Emit<string, number>) {
        for (let index = 0; index < 20_000; index++) emit(`${line} ${index}`, 1);
        for (const value of [1n as never, 1, 1]) emitQuietly(emit as AnyEmit, `${line} mixed`, value);
      },
      combine: sum(),
      reduce: sum(),
    });
    await expect(testJob(job, ['x', 'y'])).rejects.toThrow(/bigint/);
  });
});
