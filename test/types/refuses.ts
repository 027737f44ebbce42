import {
  connect,
  csv,
  defineJob,
  type Emit,
  identity,
  input,
  lines,
  pairs,
  rawLines,
  run,
  type Slice,
  sum,
  testJob,
} from 'refold';

// Compiled by tsc with the rest: a line without the error that is expected below its comment is an error itself. Nothing here is run.

const mapWords = (line: string, emit: Emit<string, number>) => emit(line, 1);
const mapTexts = (line: string, emit: Emit<string, string>) => emit(line, line);

export function wrongCombiners(): void {
  defineJob({
    input: lines(),
    map: mapTexts,
    // @ts-expect-error sum() takes no strings.
    combine: sum(),
    reduce: identity(),
  });
  defineJob({
    input: lines(),
    map: mapWords,
    combine(word, counts, emit) {
      // @ts-expect-error the combiner's values are the map's: numbers.
      for (const count of counts) emit(word, String(count));
    },
    reduce: sum(),
  });
  defineJob({
    input: lines(),
    map: mapWords,
    // @ts-expect-error a combine function for other values.
    combine: (word: string, texts: Iterable<string>, emit: Emit<string, string>) => emit(word, [...texts].join()),
    reduce: sum(),
  });
}

export function wrongReducers(): void {
  defineJob({
    input: lines(),
    map: mapTexts,
    // @ts-expect-error sum() takes no strings.
    reduce: sum(),
  });
  defineJob({
    input: lines(),
    map: mapWords,
    // @ts-expect-error a reducer for another value type.
    reduce: (word: string, texts: Iterable<string>, emit: Emit<string, string>) => emit(word, [...texts].join()),
  });
  defineJob({
    input: lines(),
    map: mapWords,
    // @ts-expect-error a reducer for another key type.
    reduce: (key: number, counts: Iterable<number>, emit: Emit<number, number>) => emit(key, [...counts].length),
  });
  defineJob({
    input: lines(),
    map: mapWords,
    reduce(word, counts, emit: Emit<string, number>) {
      // @ts-expect-error the values are numbers.
      for (const count of counts) emit(word, count.length);
    },
  });
  defineJob({
    input: rawLines(),
    map(line, emit: Emit<Slice, number>) {
      emit(line, 1);
    },
    // @ts-expect-error a slice comes back as its bytes.
    reduce: (line: Slice, counts: Iterable<number>, emit: Emit<Slice, number>) => emit(line, [...counts].length),
  });
}

export function wrongPairs(): void {
  defineJob({
    input: lines(),
    map(line, emit: Emit<string, number>) {
      // @ts-expect-error the key is a string.
      emit(line.length, 1);
    },
  });
  defineJob({
    input: lines(),
    map(line, emit: Emit<string, number>) {
      // @ts-expect-error the value is a number.
      emit(line, line);
    },
  });
  defineJob({
    input: lines(),
    map: mapWords,
    reduce(word, _counts, emit: Emit<string, bigint>) {
      // @ts-expect-error reduce emits bigints.
      emit(word, 1);
    },
  });
  defineJob({
    input: lines(),
    map: mapWords,
    reduce: sum(),
    cleanup(emit) {
      // @ts-expect-error cleanup emits the map's pairs.
      emit('end', 'of task');
    },
  });
}

export function wrongParams(): void {
  defineJob({
    params: { minLength: 3 },
    input: lines(),
    map(line, emit: Emit<string, number>, task) {
      // @ts-expect-error there is no such param.
      if (line.length > task.params.minLenght) emit(line, 1);
    },
  });
  defineJob({
    params: { minLength: 3 },
    input: lines(),
    map(line, emit: Emit<string, number>, task) {
      // @ts-expect-error minLength is a number.
      if (line.startsWith(task.params.minLength)) emit(line, 1);
    },
  });
  defineJob({
    // @ts-expect-error a param is a string, a number or a boolean.
    params: { words: ['a'] },
    input: lines(),
    map: mapWords,
  });
}

export function wrongRecords(): void {
  defineJob({
    input: csv({ columns: { url: 'string', rank: 'number' } }),
    map(page, emit: Emit<string, number>) {
      // @ts-expect-error there is no such column.
      emit(page.url, page.rnak);
    },
  });
  // @ts-expect-error there is no such type of a column.
  csv({ columns: { url: 'text' } });
  defineJob({
    // @ts-expect-error this map takes strings, and rawLines hands out slices.
    input: rawLines(),
    map: mapWords,
  });
  const counted = defineJob({ input: lines(), map: mapWords, reduce: sum() });
  defineJob({
    input: pairs(counted),
    map([word, count], emit: Emit<number, string>) {
      // @ts-expect-error the pair is [string, number].
      emit(word, count);
    },
  });
  defineJob({
    inputs: {
      // @ts-expect-error all named inputs emit pairs of the same types.
      words: input(lines(), mapWords),
      texts: input(lines(), mapTexts),
    },
    reduce: identity(),
  });
}

export function wrongPairsWithoutMap(): void {
  const counted = defineJob({ input: lines(), map: mapWords, reduce: sum() });
  defineJob({
    input: pairs(counted),
    reduce(word, counts, emit: Emit<string, string>) {
      // @ts-expect-error the values are numbers.
      for (const count of counts) emit(word, count);
    },
  });
  // @ts-expect-error lines have no keys: a map must give them.
  defineJob({ inputs: { words: input(lines()) }, reduce: identity() });
}

export function wrongFields(): void {
  defineJob({
    input: lines(),
    map: mapWords,
    // @ts-expect-error there is no such field.
    reducer: sum(),
  });
  defineJob({
    input: lines(),
    map: mapWords,
    // @ts-expect-error an option of another type.
    splitBytes: '64MiB',
  });
  defineJob({
    input: lines(),
    map: (line, emit: Emit<[string, number], number>) => emit([line, 1], 1),
    groupBy: 1,
    // @ts-expect-error with groupBy: 1 the key has one element.
    reduce: ([word, n], counts, emit: Emit<string, number>) => emit(word, n + [...counts].length),
  });
}

export async function wrongCalls(): Promise<void> {
  const counted = defineJob({ input: lines(), map: mapWords, reduce: sum() });
  // @ts-expect-error lines are strings.
  await testJob(counted, [1, 2]);
  // @ts-expect-error a job is run by the path of its module: a closure can't travel to workers.
  await run(counted, { input: 'in', output: 'out' });
  // @ts-expect-error there is no such option.
  await run('job.ts', { input: 'in', output: 'out', worker: 2 });
  // @ts-expect-error only a module can travel to the functions.
  await connect().submit(counted, { input: 's3://in', output: 's3://out/x' });
  // @ts-expect-error there is no such option.
  await connect().submit('job.ts', { input: 's3://in', output: 's3://out/x', worker: 2 });
  // @ts-expect-error a job on AWS has an output.
  await connect().submit('job.ts', { input: 's3://in' });
}
