import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import { FailureError } from '../../../lib/job/failure.ts';
import {
  createSandboxPool,
  type SandboxEvent,
  type SandboxPool,
  type SandboxPoolOptions,
} from '../../../lib/local/sandbox/sandbox-pool.ts';
import type { SandboxJob } from '../../../lib/node/sandbox/sandbox-message.ts';

const folder = mkdtempSync(join(tmpdir(), 'refold-sandbox-'));
const pools: SandboxPool[] = [];
const pids = new Set<number>();

export const RUNNER = new URL('./fake-runner.ts', import.meta.url).href;

/** A job module whose default export is a function with this body, of `text` and `control`. */
export function jobOf(body: string, name = 'job'): SandboxJob {
  return moduleOf(`export default async function (text, control) { ${body} }`, name);
}

export function moduleOf(source: string, name = 'job'): SandboxJob {
  const bundlePath = join(folder, `${name}.mjs`);
  writeFileSync(bundlePath, source);
  return { bundlePath, jobFile: `${name}.ts`, runner: { module: RUNNER, settings: 'set' } };
}

export async function openPool(
  options: SandboxPoolOptions,
  job?: SandboxJob,
): Promise<{ pool: SandboxPool; events: SandboxEvent[] }> {
  const events: SandboxEvent[] = [];
  const onEvent = (event: SandboxEvent): void => {
    events.push(event);
    if (event.kind === 'sandbox-started' && event.pid !== process.pid) pids.add(event.pid);
  };
  const pool = await createSandboxPool({ ...options, onEvent });
  pools.push(pool);
  if (job !== undefined) pool.prepare(job);
  return { pool, events };
}

/** The failure of a run that must fail. */
export async function failureOf(run: Promise<unknown>): Promise<FailureError> {
  const answer = await run.catch((error: unknown) => error);
  if (answer instanceof FailureError) return answer;
  throw new Error(`expected a FailureError, got ${JSON.stringify(answer)}`);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z');
  } catch {
    return false;
  }
}

export async function waitUntil(condition: () => boolean, withinMs: number): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  const strays = [...pids].filter(isAlive);
  pids.clear();
  for (const pid of strays) process.kill(pid, 'SIGKILL');
  if (strays.length > 0) throw new Error(`stray worker processes: ${strays}`);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));
