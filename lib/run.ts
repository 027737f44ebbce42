import type { Job, PairOf } from './job/define-job.ts';
import type { LocalJob } from './local/job/local-job.ts';
import type { RunRequest } from './local/job/run.ts';

/**
 * Starts the job of a module on this machine and answers its handle: `const job = await run('./word-count.ts', { input, output })`. The
 * type of the job, as in `run<typeof wordCount>(…)` after `import type wordCount from './word-count.ts'`, types the pairs of `job.output()`.
 * Loads the local adapters only when called, so that a job file that imports refold stays light.
 */
export async function run<J extends Job = Job>(jobFile: string | URL, request: RunRequest): Promise<LocalJob<PairOf<J>>> {
  // What is not as its type says is refused by `local.run`.
  const input = (request as Partial<RunRequest> | undefined)?.input ?? {};
  const [local, { adaptersFor }] = await Promise.all([import('./local/job/run.ts'), import('./cli/local/local-adapters.ts')]);
  const adapters = await adaptersFor(typeof input === 'string' ? [input] : Object.values(input));
  return await local.run<PairOf<J>>(jobFile, request, adapters);
}

export type { LocalJob, RunRequest };
