import { join } from 'node:path';
import type { RunOptions } from 'refold';
import { expect } from 'vitest';
import { type ComparedJob, contentOnAws, expectSameContent, runLocally } from './compare-with-local.ts';
import type { Deployed, SubmitRequest } from './deployed.ts';

const LINES_A_FILE = 8;

/** A job of many tasks, each as slow as is asked for; and what it gives when nothing goes wrong. */
export class SlowJob {
  readonly output: string;
  readonly #deployed: Deployed;
  readonly #request: ComparedJob;

  constructor(deployed: Deployed, name: string, { tasks = 12, reduceTasks = 6, mapMs = 0, reduceMs = 0 } = {}) {
    this.#deployed = deployed;
    this.output = deployed.outputUri(deployed.name(name));
    this.#request = {
      jobFile: join(import.meta.dirname, '../jobs/slow-count.ts'),
      input: Object.fromEntries(
        Array.from({ length: tasks }, (_, index) => [`${String(index).padStart(4, '0')}.txt`, text(index)]),
      ),
      options: { soloBytes: 0, splitBytes: text(0).length, reduceTasks, concurrency: 1 },
      params: { mapMs, reduceMs },
    };
  }

  /** The same every time: the same job. */
  get request(): SubmitRequest {
    return { ...this.#request, output: this.output };
  }

  /** The same job, run otherwise. */
  withOptions(run: Partial<RunOptions>): SubmitRequest {
    const { request } = this;
    return { ...request, options: { ...request.options, ...run } };
  }

  /** Is the output what a run gives that nobody disturbs? */
  async expectContent(): Promise<void> {
    // Sleeping changes no content, and would take its time here too; but params are part of the job, so of nothing that is compared.
    const here = await runLocally({ ...this.#request, params: { mapMs: 0, reduceMs: 0 } });
    expectSameContent(await contentOnAws(this.#deployed, this.output), here);
  }

  async expectNothingVisible(): Promise<void> {
    expect(await this.#deployed.list(this.output)).toEqual([]);
  }
}

/** Lines of equal length, of words that are spread over all partitions. */
function text(file: number): string {
  const line = (index: number) =>
    Array.from({ length: 6 }, (_, word) => `word${(file * 7 + index * 5 + word * word) % 60}`.padEnd(7, '_'));
  return Array.from({ length: LINES_A_FILE }, (_, index) => `${line(index).join(' ')}\n`).join('');
}
