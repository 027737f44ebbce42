import { expect } from 'vitest';
import { commitsOf, expectNothingRanAgain, KillableJob, type LedgerView, type RunningJob } from '../support/killable-job.ts';
import { Workplace } from '../support/refold.ts';

/** Every character of every line, counted. */
const JOB = `export default defineJob({
  map(line, emit: Emit<string, number>) {
    for (const character of line) emit(character, 1);
  },
  combine: sum(),
  reduce: sum(),
});`;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Where a kill has met the job. `shuffle`: the index was being written, or a reduce attempt had not yet read a group. */
export type Phase = 'start' | 'map' | 'shuffle' | 'reduce' | 'commit';

export type StormOptions = {
  readonly seed: number;
  /** Of 20 random characters each. */
  readonly strings: number;
  /** Of the first run, and of all later ones. */
  readonly workers: readonly [number, number];
  /** Kills at most; after them the job is left alone. */
  readonly kills: number;
};

export type StormReport = { readonly kills: readonly Phase[] };

/**
 * Runs the job while everything is killed again and again: first in mid-map, then when the index is made, in reduce, and at random
 * instants. Asserts after each kill that nothing committed ran again, and at the end that the output is exact and nothing is left.
 */
export async function runStorm({ seed, strings, workers, kills }: StormOptions): Promise<StormReport> {
  const random = randomOf(seed);
  const expected = await undisturbed(strings);
  const job = jobOver(expected.text);
  const met: Phase[] = [];
  let before: LedgerView | undefined;
  for (let run = 0; ; run++) {
    const running = job.start({ workers: workers[run === 0 ? 0 : 1] });
    if (met.length === kills || !(await reachInstant(running, run, random))) {
      await running.done();
      expectNothingRanAgain(before, job.ledger());
      break;
    }
    await running.killAll(random() < 0.5);
    const after = job.ledger();
    expectNothingRanAgain(before, after);
    met.push(phaseOf(running, after));
    before = after;
  }
  expectOneCommitEach(job.ledger()!);
  expect(job.outputBytes()).toEqual(expected.bytes);
  job.expectTidy();
  return { kills: met };
}

function jobOver(text: string): KillableJob {
  const workplace = new Workplace();
  workplace.writeJob(JOB);
  workplace.write('in.txt', text);
  return new KillableJob(workplace, { reduceTasks: 8 });
}

type Undisturbed = { readonly text: string; readonly bytes: Readonly<Record<string, string>> };
const known = new Map<number, Undisturbed>();

/** What comes out when nothing is killed: once for all storms of that size, and checked against a plain count. */
async function undisturbed(strings: number): Promise<Undisturbed> {
  const found = known.get(strings);
  if (found !== undefined) return found;
  const { text, totals } = randomStrings(strings, randomOf(strings));
  const job = jobOver(text);
  await job.finish();
  expect(job.workplace.lines().toSorted()).toEqual(totals);
  const made = { text, bytes: job.outputBytes() };
  known.set(strings, made);
  return made;
}

/** Waits for the next kill's instant; false when the job ended before it. Runs that have no aim are killed wherever they are. */
async function reachInstant(running: RunningJob, run: number, random: () => number): Promise<boolean> {
  const begun = (role: string) => running.events.filter((event) => event.kind === 'task-begun' && event.role === role).length;
  const count = 1 + Math.floor(random() * 4);
  const delayMs = random() * 20;
  const anyMs = random() * 600;
  if (run === 0) return (await running.reaches(() => begun('map') > count)) && (await running.outlives(delayMs));
  if (run === 1)
    return await running.reaches(() => running.events.some((event) => event.kind === 'state' && event.next === 'planReduce'));
  if (run === 2) return (await running.reaches(() => begun('reduce') >= count)) && (await running.outlives(delayMs));
  return (
    (await running.reaches(() => running.events.some((event) => event.kind === 'run-started'))) && (await running.outlives(anyMs))
  );
}

/** By what the coordinator said last, and what the ledger says after. */
function phaseOf({ events }: RunningJob, after: LedgerView | undefined): Phase {
  const last = events.findLast((event) => event.kind === 'state');
  if (after?.state === 'COMMITTING' || after?.state === 'DONE') return 'commit';
  if (last?.kind !== 'state') return 'start';
  if (last.next === 'planReduce') return 'shuffle';
  if (last.next === 'reduce') {
    const isUnderWay = events.some((event) => event.kind === 'task-begun' && event.role === 'reduce');
    return isUnderWay ? 'reduce' : 'shuffle';
  }
  return last.next === 'map' ? 'map' : 'start';
}

function expectOneCommitEach(view: LedgerView): void {
  const committed = view.attempts.filter((attempt) => attempt.end === 'committed');
  expect(view.state).toBe('DONE');
  expect(commitsOf(view).size).toBe(committed.length);
  expect(view.attempts.filter((attempt) => attempt.end === 'invalidated')).toEqual([]);
}

function randomStrings(count: number, random: () => number): { text: string; totals: readonly string[] } {
  const bytes = Buffer.alloc(count * 21, '\n');
  const counts = new Array<number>(ALPHABET.length).fill(0);
  for (let at = 0; at < bytes.length; at++) {
    if (at % 21 === 20) continue;
    const letter = Math.floor(random() * ALPHABET.length);
    bytes[at] = ALPHABET.charCodeAt(letter);
    counts[letter]! += 1;
  }
  const totals = counts.map((total, letter) => `${ALPHABET[letter]}\t${total}`).filter((line) => !line.endsWith('\t0'));
  return { text: bytes.toString('latin1'), totals: totals.toSorted() };
}

/** Mulberry32: numbers from 0 to 1 that a seed repeats. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
