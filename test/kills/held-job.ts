import { existsSync, readdirSync } from 'node:fs';
import type { JobOptions } from '../../lib/job/job-options.ts';
import { KillableJob } from '../support/killable-job.ts';
import { until, Workplace } from '../support/refold.ts';

/**
 * Counts the first letters of lines, and stops where the test wants it: a record `hold …` of map, and the key `h` of reduce, wait
 * while the file `hold-map`, or `hold-reduce`, is there, after they have said so in a file with the pid of their worker in its name.
 */
const jobWith = (definition: string) => `import { existsSync, writeFileSync } from 'node:fs';
const pause = new Int32Array(new SharedArrayBuffer(4));
function hold(name: string): void {
  if (!existsSync('hold-' + name)) return;
  writeFileSync('at-' + name + '-' + process.pid, '');
  while (existsSync('hold-' + name)) Atomics.wait(pause, 0, 0, 2);
}
export default defineJob({
  ${definition}
  map(line, emit) {
    if (line.startsWith('hold')) hold('map');
    emit(line[0]!, line.length);
  },
  reduce(key, values, emit) {
    if (key === 'h') hold('reduce');
    let total = 0;
    for (const value of values) total += value;
    emit(key, total);
  },
});`;

/** A dozen map tasks of 4 KB each. The record to hold is in the second. */
const LINES = Array.from({ length: 4_000 }, (_, line) => (line === 500 ? 'hold me' : `${'abcdefgij'[line % 9]} line ${line}`));

export const HELD_TOTALS: readonly string[] = totals();

export class HeldJob extends KillableJob {
  /** `definition`: further fields of the job. */
  constructor(options: JobOptions = {}, definition = '') {
    const workplace = new Workplace();
    workplace.writeJob(jobWith(definition));
    workplace.write('in.txt', `${LINES.join('\n')}\n`);
    super(workplace, { splitBytes: 4_096, reduceTasks: 8, ...options });
  }

  hold(where: 'map' | 'reduce'): void {
    this.workplace.write(`hold-${where}`, '');
  }

  letGo(where: 'map' | 'reduce'): void {
    this.workplace.remove(`hold-${where}`);
  }

  /** The pid of a worker that has come there, other than those of `before`. */
  workerAt(where: 'map' | 'reduce', before: readonly number[] = []): Promise<number> {
    return until(() => this.#pidsAt(where).find((pid) => !before.includes(pid)));
  }

  get sortedLines(): readonly string[] {
    return this.workplace.lines().toSorted();
  }

  #pidsAt(where: 'map' | 'reduce'): readonly number[] {
    const prefix = `at-${where}-`;
    const names = existsSync(this.workplace.folder) ? readdirSync(this.workplace.folder) : [];
    return names.filter((name) => name.startsWith(prefix)).map((name) => Number(name.slice(prefix.length)));
  }
}

function totals(): readonly string[] {
  const sums = new Map<string, number>();
  for (const line of LINES) sums.set(line[0]!, (sums.get(line[0]!) ?? 0) + line.length);
  return [...sums].map(([key, total]) => `${key}\t${total}`).toSorted();
}
