import { defineJob, identity, type Job, lines, pairs, range, sum } from '../../lib/index.ts';
import { PermanentError } from '../../lib/job/user-code.ts';
import type { SeededRandom } from './seeded-random.ts';

/** What a job's output must be, by a straightforward computation over the lines of its input. */
export type Expected = {
  /** Lines of the output; undefined where `accepts` decides. */
  readonly lines?: readonly string[];
  /** The first that is wrong with an output, for jobs that have several right ones. */
  readonly flaw?: (output: readonly string[]) => string | undefined;
  /** Its parts, one after another, are in this very order. */
  readonly isOrdered?: boolean;
  /** Pairs that the map of the first step emits, if the input fixes that. */
  readonly pairsEmitted?: number;
  /** The job has to fail, with this in its error. */
  readonly failure?: string;
};

export type JobCase = {
  readonly name: string;
  readonly job: Job;
  /** `splitOf` tells the split of each line: the first byte decides. */
  expect(input: readonly string[], splitOf: readonly number[]): Expected;
};

/** Wide enough that a few dozen records outgrow a tiny memory budget. */
const PADDING = 'x'.repeat(120);
const wordsOf = (line: string) => line.split(' ').filter((word) => word !== '');

function tally(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

const wordCount = defineJob({
  name: 'word count',
  input: lines(),
  map(line, emit: (key: string, value: number) => void, task) {
    task.counter('lines').add(1);
    for (const word of wordsOf(line)) emit(word, 1);
  },
  combine: sum(),
  reduce: sum(),
});

const countWords = (input: readonly string[]) => [...tally(input.flatMap(wordsOf))].map(([word, count]) => `${word}\t${count}`);

function makeWordCount(): JobCase {
  return {
    name: 'wordCount',
    job: wordCount as Job,
    expect: (input) => ({ lines: countWords(input), pairsEmitted: input.flatMap(wordsOf).length }),
  };
}

/** All values of a key in the order they were emitted: nothing may be lost, doubled or swapped. */
function makeValuesInOrder(): JobCase {
  const job = defineJob({
    name: 'values in order',
    input: lines(),
    map(line, emit: (key: string, value: string) => void) {
      for (const [place, word] of wordsOf(line).entries()) emit(word, `${line.slice(0, 3)}.${place}${PADDING}`);
    },
    reduce(word, values, emit: (key: string, value: string) => void) {
      emit(word, [...values].map((value) => value.replace(PADDING, '')).join(','));
    },
  });
  return {
    name: 'valuesInOrder',
    job: job as Job,
    expect(input) {
      const places = new Map<string, string[]>();
      for (const line of input) {
        for (const [place, word] of wordsOf(line).entries()) {
          places.set(word, [...(places.get(word) ?? []), `${line.slice(0, 3)}.${place}`]);
        }
      }
      return {
        lines: [...places].map(([word, list]) => `${word}\t${list.join(',')}`),
        pairsEmitted: input.flatMap(wordsOf).length,
      };
    },
  };
}

/** A combiner of the user's own, and a reduce that leaves some values unread. */
function makeUserCombine(): JobCase {
  const job = defineJob({
    name: 'user combine',
    input: lines(),
    map(line, emit: (key: string, value: { total: number; pad: string }) => void) {
      for (const word of wordsOf(line)) emit(word, { total: 1, pad: PADDING });
    },
    combine(word, values, emit) {
      let total = 0;
      for (const value of values) total += value.total;
      emit(word, { total, pad: PADDING });
    },
    reduce(word, values, emit: (key: string, value: number) => void) {
      if (word === 'the') return emit(word, -1);
      let total = 0;
      for (const value of values) total += value.total;
      emit(word, total);
    },
  });
  return {
    name: 'userCombine',
    job: job as Job,
    expect: (input) => ({ lines: countWords(input).map((line) => line.replace(/^the\t.*/, 'the\t-1')) }),
  };
}

function makeSecondarySort(): JobCase {
  const job = defineJob({
    name: 'secondary sort',
    input: lines(),
    map(line, emit: (key: [string, string], value: string) => void) {
      for (const word of wordsOf(line)) emit([word, line.slice(0, 3)], PADDING);
    },
    groupBy: 1,
    reduce([word], values, emit: (key: string, value: number) => void) {
      emit(word, [...values].length);
    },
  });
  return { name: 'secondarySort', job: job as Job, expect: (input) => ({ lines: countWords(input) }) };
}

function makeMapOnly(): JobCase {
  const job = defineJob({
    name: 'map only',
    input: lines(),
    map(line, emit: (key: string, value: number) => void) {
      if (line.includes('whale')) emit(line, line.length);
    },
  });
  return {
    name: 'mapOnly',
    job: job as Job,
    expect(input) {
      const kept = input.filter((line) => line.includes('whale'));
      return { lines: kept.map((line) => `${line}\t${line.length}`), isOrdered: true, pairsEmitted: kept.length };
    },
  };
}

function makeTotalSort(): JobCase {
  const job = defineJob({
    name: 'total sort',
    input: lines(),
    map(line, emit: (key: string, value: string) => void) {
      for (const word of wordsOf(line)) emit(word, PADDING.slice(0, 40));
    },
    partition: range(),
    reduce: identity(),
  });
  return {
    name: 'totalSort',
    job: job as Job,
    expect(input) {
      const words = input.flatMap(wordsOf).toSorted();
      return { lines: words.map((word) => `${word}\t${PADDING.slice(0, 40)}`), isOrdered: true, pairsEmitted: words.length };
    },
  };
}

function makeChain(): JobCase {
  const job = defineJob({
    name: 'by count',
    input: pairs(wordCount),
    map([word, count], emit: (key: number, value: string) => void) {
      emit(count, word);
    },
    reduce(count, words, emit: (key: number, value: string) => void) {
      emit(count, [...words].toSorted().join(' '));
    },
  });
  return {
    name: 'chain',
    job: job as Job,
    expect(input) {
      const byCount = new Map<number, string[]>();
      for (const [word, count] of tally(input.flatMap(wordsOf))) byCount.set(count, [...(byCount.get(count) ?? []), word]);
      return { lines: [...byCount].map(([count, words]) => `${count}\t${words.toSorted().join(' ')}`) };
    },
  };
}

/** Both steps are map-only: pairs of map attempts are read by map attempts. */
function makeMapOnlyChain(): JobCase {
  const first = defineJob({
    name: 'keep',
    input: lines(),
    map(line, emit: (key: string, value: number) => void) {
      if (!line.includes('sea')) emit(line, line.length);
    },
  });
  const job = defineJob({
    name: 'turn',
    input: pairs(first),
    map([line, length], emit: (key: number, value: string) => void) {
      emit(length, line);
    },
  });
  return {
    name: 'mapOnlyChain',
    job: job as Job,
    expect(input) {
      const kept = input.filter((line) => !line.includes('sea'));
      return { lines: kept.map((line) => `${line.length}\t${line}`), isOrdered: true, pairsEmitted: kept.length };
    },
  };
}

/** An attempt's own mood is in every pair it emits, and in how many: the output must show one mood a split, in every partition. */
function makeMoody(random: SeededRandom): JobCase {
  const job = defineJob({
    name: 'moody',
    input: lines(),
    setup(task) {
      moods.set(task as object, random.below(3));
    },
    map(line, emit: (key: string, value: string) => void, task) {
      const mood = moods.get(task as object) ?? 0;
      for (const word of wordsOf(line)) for (let copy = 0; copy <= mood; copy++) emit(word, `${line.slice(0, 3)}:${mood}`);
    },
    reduce(word, values, emit: (key: string, value: string) => void) {
      emit(word, [...values].join(','));
    },
  });
  return {
    name: 'moody',
    job: job as Job,
    expect: (input, splitOf) => ({ flaw: (output) => flawOfMoods(output, input, splitOf) }),
  };
}

const moods = new WeakMap<object, number>();

/** Reads each split's mood off the output, computes what that choice gives, and compares. */
function flawOfMoods(output: readonly string[], input: readonly string[], splitOf: readonly number[]): string | undefined {
  const splitOfLine = new Map(input.map((line, at) => [line.slice(0, 3), splitOf[at]!]));
  const moodOfSplit = new Map<number, number>();
  for (const row of output) {
    for (const value of row.split('\t')[1]!.split(',')) {
      const [line, mood] = value.split(':');
      const split = splitOfLine.get(line!)!;
      const known = moodOfSplit.get(split) ?? Number(mood);
      if (known !== Number(mood)) return `split ${split} shows in the moods ${known} and ${mood}`;
      moodOfSplit.set(split, known);
    }
  }
  const values = new Map<string, string[]>();
  for (const [at, line] of input.entries()) {
    const mood = moodOfSplit.get(splitOf[at]!) ?? 0;
    for (const word of wordsOf(line)) {
      for (let copy = 0; copy <= mood; copy++) values.set(word, [...(values.get(word) ?? []), `${line.slice(0, 3)}:${mood}`]);
    }
  }
  const expected = [...values].map(([word, list]) => `${word}\t${list.join(',')}`).toSorted();
  return JSON.stringify(expected) === JSON.stringify(output.toSorted()) ? undefined : 'records are missing, doubled or swapped';
}

/** The same, and a second step over it: the first step's lines come through as they are. */
function makeMoodyChain(random: SeededRandom): JobCase {
  const first = makeMoody(random);
  const job = defineJob({
    name: 'pass on',
    input: pairs(first.job as Job<string, string>),
    map([word, list], emit: (key: string, value: string) => void) {
      for (const value of list.split(',')) emit(word, value);
    },
    reduce(word, values, emit: (key: string, value: string) => void) {
      emit(word, [...values].join(','));
    },
  });
  return { name: 'moodyChain', job: job as Job, expect: first.expect };
}

/** A bug that shows now and then: a few tries get over it. */
function makeShaky(random: SeededRandom): JobCase {
  const job = defineJob({
    name: 'shaky',
    input: lines(),
    map(line, emit: (key: string, value: number) => void, task) {
      if (task.attempt === 1 && random.chance(0.02)) throw new Error('now and then');
      for (const word of wordsOf(line)) emit(word, 1);
    },
    reduce: sum(),
  });
  return { name: 'shaky', job: job as Job, expect: (input) => ({ lines: countWords(input) }) };
}

/** A bug that always shows. */
function makePoisoned(random: SeededRandom): JobCase {
  const isPermanent = random.chance(0.5);
  const phase = random.pick(['map', 'reduce']);
  const fail = () => {
    throw isPermanent ? new PermanentError('poison') : new Error('poison');
  };
  const job = defineJob({
    name: 'poisoned',
    input: lines(),
    map(line, emit: (key: string, value: number) => void) {
      if (phase === 'map' && line.startsWith('007')) fail();
      for (const word of wordsOf(line)) emit(word, 1);
    },
    reduce(word, values, emit: (key: string, value: number) => void) {
      if (phase === 'reduce' && word === 'the') fail();
      emit(word, [...values].length);
    },
  });
  return { name: 'poisoned', job: job as Job, expect: () => ({ failure: 'poison' }) };
}

const MAKERS = [
  makeWordCount,
  makeValuesInOrder,
  makeUserCombine,
  makeSecondarySort,
  makeMapOnly,
  makeTotalSort,
  makeChain,
  makeMapOnlyChain,
  makeMoody,
  makeMoodyChain,
  makeShaky,
];

/** The job of a seed. */
export function chooseCase(random: SeededRandom): JobCase {
  if (random.chance(0.03)) return makePoisoned(random);
  return random.pick(MAKERS)(random);
}

const VOCABULARY = [
  'the',
  'whale',
  'sea',
  'ship',
  'captain',
  'white',
  'of',
  'and',
  'harpoon',
  'rope',
  'mast',
  'Queequeg',
  'ocean',
  'ink',
];

/** Lines that begin with their own number. */
export function makeInput(random: SeededRandom): readonly string[] {
  const count = 8 + random.below(40);
  return Array.from({ length: count }, (_, line) => {
    const words = Array.from({ length: 1 + random.below(6) }, () => random.pick(VOCABULARY));
    return [String(line).padStart(3, '0'), 'the', ...words].join(' ');
  });
}
