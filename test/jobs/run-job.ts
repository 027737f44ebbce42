import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Job, type LocalJob, type PairOf, type RunRequest, run } from 'refold';
import { expect } from 'vitest';
import type { SuccessFile } from '../../lib/output/success-file.ts';
import { temporaryFolder } from '../local/temporary-folder.ts';

const examples = resolve(import.meta.dirname, '../../examples');

/** What came out of a job: its pairs, its parts as they lie on the disk, and its account. */
export type Ran<P> = {
  readonly pairs: readonly P[];
  readonly parts: readonly Part[];
  readonly success: SuccessFile;
  readonly jobId: string;
};
export type Part = { readonly name: string; readonly bytes: Buffer };
export type Request = Omit<RunRequest, 'output'>;

/** Runs a job to its end in a folder of its own, or in a given one. */
export async function runJob<J extends Job>(
  jobFile: string,
  request: Request,
  folder = temporaryFolder(),
  output = 'out',
): Promise<Ran<PairOf<J>>> {
  const job = await run<J>(jobFile, { cwd: folder, output, ...request });
  const success = await job.result();
  return { pairs: await pairsOf(job), parts: partsOf(join(folder, output)), success, jobId: job.id };
}

export async function pairsOf<P extends readonly [unknown, unknown]>(job: LocalJob<P>): Promise<readonly P[]> {
  const pairs: P[] = [];
  for await (const pair of job.output()) pairs.push(pair);
  return pairs;
}

/**
 * Runs an example by two workers through all phases, and in one sandbox (if asked, in this process too), over the same splits and
 * partitions, and holds the content to be the same byte for byte. Answers the pairs.
 */
export async function runExample<J extends Job>(
  name: string,
  request: Request,
  places?: 'inline too',
): Promise<readonly PairOf<J>[]> {
  const file = join(examples, `${name}.ts`);
  const content = { reduceTasks: 3, ...request };
  const folder = temporaryFolder();
  const phases = await runJob<J>(file, { ...content, workers: 2, soloBytes: 0 }, folder, 'by-two');
  const solo = await runJob<J>(file, content, folder, 'solo');
  expect(phases.success.receipt.steps[0]?.map.tasks).toBeGreaterThan(1);
  expect(contentOf(solo)).toEqual(contentOf(phases));
  if (places === undefined) return phases.pairs;
  const inline = await runJob<J>(file, { ...content, workers: 'inline' }, folder, 'inline');
  expect(contentOf(inline)).toEqual(contentOf(phases));
  return phases.pairs;
}

/** What must be the same however the job was run. */
export function contentOf<P>({ pairs, parts, success }: Ran<P>) {
  return { pairs, parts: parts.map(({ name, bytes }) => [name, bytes.toString('latin1')]), counters: success.counters };
}

export function partsOf(folder: string): readonly Part[] {
  const names = readdirSync(folder).filter((name) => name.startsWith('part-'));
  return names.sort().map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}

/** Keys in code point order, as the parts of a job with one partition have them. */
export function byKey<V>(a: readonly [string, V], b: readonly [string, V]): number {
  return Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0]));
}
