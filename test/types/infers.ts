import {
  collect,
  connect,
  count,
  csv,
  defineJob,
  type Emit,
  files,
  fixed,
  identity,
  input,
  type Job,
  jsonl,
  lines,
  max,
  type PairOf,
  pairs,
  rawLines,
  type Slice,
  type SubmitRequest,
  sum,
  testJob,
  top,
} from 'refold';

// Compiled by infers.test.ts: every line must be right as it stands.

/** Compiles only when both are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_are: Same<A, B>): void {}

// One annotation, on emit, types the whole job.
const wordCount = defineJob({
  input: lines(),
  map(line, emit: Emit<string, number>, task) {
    same<typeof line, string>(true);
    same<typeof task.params, Readonly<Record<never, never>>>(true);
    emit(line, 1);
  },
  combine: sum(),
  reduce(word, counts, emit: Emit<string, bigint>) {
    same<typeof word, string>(true);
    same<typeof counts, Iterable<number>>(true);
    emit(word, 1n);
  },
});
same<PairOf<typeof wordCount>, readonly [key: string, value: bigint]>(true);

// Lines are the default.
defineJob({
  map(line, emit: Emit<string, number>) {
    same<typeof line, string>(true);
    emit(line, line.length);
  },
});

// Records come from the reader.
defineJob({
  input: csv({ columns: { url: 'string', rank: 'number', id: 'bigint', isOpen: 'boolean' } }),
  map(row, emit: Emit<string, number>) {
    same<typeof row, { url: string; rank: number; id: bigint; isOpen: boolean }>(true);
    emit(row.url, row.rank);
  },
});
defineJob({
  input: csv({ header: true }),
  map(row, emit: Emit<null, string | undefined>) {
    same<typeof row, Record<string, string>>(true);
    emit(null, row['name']);
  },
});
defineJob({
  input: csv(),
  map(row, emit: Emit<null, number>) {
    same<typeof row, string[]>(true);
    emit(null, row.length);
  },
});
defineJob({
  input: jsonl<{ a: number }>(),
  map({ a }, emit: Emit<number, null>) {
    same<typeof a, number>(true);
    emit(a, null);
  },
});
defineJob({
  input: files(),
  map({ path, bytes }, emit: Emit<string, number>) {
    same<typeof path, string>(true);
    emit(path, bytes.length);
  },
});

// Slices come back as bytes, at any depth of a tuple; labels and readonly stay.
const raw = defineJob({
  input: rawLines(),
  map(line, emit: Emit<Slice, readonly [source: Slice, revenue: number]>) {
    same<typeof line, Slice>(true);
    emit(line, [line.sub(0, 1), 1]);
  },
  combine(key, rows, emit) {
    same<typeof key, Uint8Array>(true);
    for (const row of rows) emit(key, row);
  },
  reduce(key, rows, emit: Emit<Uint8Array, number>) {
    same<typeof key, Uint8Array>(true);
    same<typeof rows, Iterable<readonly [source: Uint8Array, revenue: number]>>(true);
    for (const [, revenue] of rows) emit(key, revenue);
  },
});
same<PairOf<typeof raw>, readonly [key: Uint8Array, value: number]>(true);

// Built-in combiners give what they say.
const mapNumbers = (line: string, emit: Emit<string, number>) => emit(line, 1);
const mapTuples = (line: string, emit: Emit<string, [number, string]>) => emit(line, [1, line]);
const summed = defineJob({ input: lines(), map: mapNumbers, reduce: sum() });
const counted = defineJob({ input: lines(), map: mapTuples, combine: count(), reduce: count() });
const collected = defineJob({ input: lines(), map: mapTuples, combine: collect(), reduce: collect() });
const best = defineJob({ input: lines(), map: mapTuples, combine: top(3), reduce: top(3) });
const passed = defineJob({ input: lines(), map: mapTuples, reduce: identity() });
const mapOnly = defineJob({ input: lines(), map: mapTuples });
same<PairOf<typeof summed>, readonly [key: string, value: number]>(true);
same<PairOf<typeof counted>, readonly [key: string, value: number]>(true);
same<PairOf<typeof collected>, readonly [key: string, value: [number, string][]]>(true);
same<PairOf<typeof best>, readonly [key: string, value: [number, string]]>(true);
same<PairOf<typeof passed>, readonly [key: string, value: [number, string]]>(true);
same<PairOf<typeof mapOnly>, readonly [key: string, value: [number, string]]>(true);

// Pairs of another job need no map.
const regrouped = defineJob({
  input: pairs(best),
  reduce(key, values, emit: Emit<number, string>) {
    same<typeof key, string>(true);
    same<typeof values, Iterable<[number, string]>>(true);
    for (const [count, word] of values) emit(count, word);
  },
});
const rewritten = defineJob({ input: pairs(summed) });
const joinedPairs = defineJob({
  inputs: { ours: input(pairs(summed)), theirs: input(lines(), mapNumbers) },
  reduce: sum(),
});
same<PairOf<typeof regrouped>, readonly [key: number, value: string]>(true);
same<PairOf<typeof rewritten>, readonly [key: string, value: number]>(true);
same<PairOf<typeof joinedPairs>, readonly [key: string, value: number]>(true);

// Reduce sees what a built-in combiner has finished.
defineJob({
  input: lines(),
  map: mapTuples,
  combine: count(),
  reduce(key, counts, emit: Emit<string, number>) {
    same<typeof counts, Iterable<number>>(true);
    for (const n of counts) emit(key, n);
  },
});
defineJob({
  input: lines(),
  map: mapTuples,
  combine: collect(),
  reduce(key, lists, emit: Emit<string, number>) {
    same<typeof lists, Iterable<[number, string][]>>(true);
    for (const list of lists) emit(key, list.length);
  },
});
const mostOften = defineJob({ input: lines(), map: mapTuples, combine: count(), reduce: max() });
same<PairOf<typeof mostOften>, readonly [key: string, value: number]>(true);

// groupBy gives reduce the first elements of the key; combine works on whole keys.
const mapDays = (line: string, emit: Emit<[user: string, day: number, hour: bigint], number>) => emit([line, 1, 2n], 3);
defineJob({
  input: lines(),
  map: mapDays,
  groupBy: 2,
  combine([user, day, hour], values, emit) {
    same<typeof hour, bigint>(true);
    for (const value of values) emit([user, day, hour], value);
  },
  reduce(key, values, emit: Emit<string, number>) {
    same<typeof key, [string, number]>(true);
    for (const value of values) emit(key[0], value);
  },
});
const perUser = defineJob({ input: lines(), map: mapDays, groupBy: 1, combine: sum(), reduce: sum() });
const perHour = defineJob({ input: lines(), map: mapDays, groupBy: 1, reduce: identity() });
same<PairOf<typeof perUser>, readonly [key: [string], value: number]>(true);
same<PairOf<typeof perHour>, readonly [key: [user: string, day: number, hour: bigint], value: number]>(true);

// Params are typed by their defaults, everywhere.
defineJob({
  params: { minLength: 3, name: 'x', isLoud: false },
  input: lines(),
  setup(task) {
    same<typeof task.params.minLength, number>(true);
  },
  map(line, emit: Emit<string, number>, task) {
    same<typeof task.params, Readonly<{ minLength: number; name: string; isLoud: boolean }>>(true);
    emit(line, task.params.minLength);
  },
  reduce(key, values, emit: Emit<string, number>, task) {
    same<typeof task.params.name, string>(true);
    for (const value of values) emit(key, value);
  },
  cleanup(emit, task) {
    same<typeof task.params.isLoud, boolean>(true);
    same<typeof emit, Emit<string, number>>(true);
  },
});

// Named inputs share what they emit.
type Row = { kind: 'page'; rank: number } | { kind: 'visit' };
const joined = defineJob({
  inputs: {
    pages: input(csv({ columns: { url: 'string', rank: 'number' } }), (page, emit: Emit<string, Row>, task) => {
      same<typeof page, { url: string; rank: number }>(true);
      same<typeof task.input, string>(true);
      emit(page.url, { kind: 'page', rank: page.rank });
    }),
    visits: input(lines(), (url, emit: Emit<string, Row>) => {
      same<typeof url, string>(true);
      emit(url, { kind: 'visit' });
    }),
    counts: input(pairs(wordCount), ([url, _count], emit: Emit<string, Row>) => {
      same<typeof _count, bigint>(true);
      emit(url, { kind: 'visit' });
    }),
  },
  reduce(url, rows, emit: Emit<string, number>) {
    same<typeof rows, Iterable<Row>>(true);
    for (const row of rows) if (row.kind === 'page') emit(url, row.rank);
  },
});
same<PairOf<typeof joined>, readonly [key: string, value: number]>(true);

// A chain: pairs are the records.
const ranked = defineJob({
  input: pairs(joined),
  map([url, rank], emit: Emit<number, string>) {
    same<typeof url, string>(true);
    same<typeof rank, number>(true);
    emit(rank, url);
  },
});
const rankedAgain = defineJob({
  input: pairs(ranked),
  map([rank, url], emit: Emit<string, number>) {
    same<typeof rank, number>(true);
    emit(url, rank);
  },
});
const topWords = defineJob({
  input: pairs(wordCount),
  map([word], emit: Emit<null, string>) {
    emit(null, word);
  },
});
const asked: Job[] = [wordCount, raw, joined, rankedAgain, topWords];

// A handle's pairs are those of the job, here and on AWS.
export async function jobsOnAws(): Promise<void> {
  const stack = connect({ stack: 'refold', region: 'eu-west-1' });
  const request: SubmitRequest = { input: 's3://logs/raw', output: 's3://results/counts', workers: 50, budgetUsd: 2 };
  const job = await stack.submit<typeof wordCount>('./word-count.ts', request);
  for await (const [word, _count] of job.output()) {
    same<typeof word, string>(true);
    same<typeof _count, bigint>(true);
  }
  const known = await stack.job<typeof joined>(job.id);
  for await (const pair of known.output()) same<typeof pair, readonly [key: string, value: number]>(true);
  for await (const status of known.events()) same<typeof status.run, number>(true);
  const { parts } = await known.result({ signal: AbortSignal.timeout(1000) });
  same<(typeof parts)[number]['name'], string>(true);
  const [newest] = await stack.jobs();
  same<NonNullable<typeof newest>['jobId'], string>(true);
  await known.cancel();
}

// testJob takes the records of the first job's reader.
const isFixed = defineJob({
  input: fixed(2),
  map(record, emit: Emit<Slice, number>) {
    emit(record, 1);
  },
});
export async function testsOfJobs(): Promise<readonly unknown[]> {
  const counts = await testJob(wordCount, ['a b']);
  same<typeof counts, [string, bigint][]>(true);
  await testJob(topWords, ['a b']);
  await testJob(isFixed, ['ab', new Uint8Array(2)]);
  await testJob(joined, { pages: [{ url: 'u', rank: 1 }], visits: ['u'] });
  return [counts, asked];
}
