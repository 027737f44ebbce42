import type { LocalJob } from './local/local-job.ts';
import type { RunRequest } from './local/run.ts';

/**
 * Starts the job of a module on this machine and answers its handle: `const job = await run('./word-count.ts', { input, output })`. Loads
 * the local adapters only when called, so that a job file that imports refold stays light.
 */
export async function run(jobFile: string | URL, request: RunRequest): Promise<LocalJob> {
  const local = await import('./local/run.ts');
  return await local.run(jobFile, request);
}

export type { LocalJob, RunRequest };
