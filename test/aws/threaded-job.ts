import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { mapHandler } from '../../functions/map.ts';
import { planHandler } from '../../functions/plan.ts';
import type { AttemptReport } from '../../lib/aws/lambda/attempt-log.ts';
import { Deciding } from '../../lib/aws/lambda/deciding.ts';
import { LambdaSandbox, type LambdaSandboxOptions } from '../../lib/aws/lambda/lambda-sandbox.ts';
import { findCode } from '../../lib/aws/start/find-code.ts';
import type { MapCall, MapNext, TaskGroup } from '../../lib/coordinator/machine-call.ts';
import { openJob } from '../../lib/coordinator/open-job.ts';
import { prepareJob } from '../../lib/local/job/prepare-job.ts';
import { openLocalWorld } from '../../lib/local/world/local-world.ts';
import { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from '../../lib/node/sandbox/sandbox-message.ts';
import { Supervisor } from '../../lib/node/sandbox/supervisor.ts';
import { encodeJson, readJson } from '../../lib/work/json-object.ts';
import { runKey } from '../../lib/work/work-layout.ts';
import { temporaryFolder } from '../local/temporary-folder.ts';

const open: Supervisor[] = [];

export type ThreadedOptions = {
  readonly limits?: Partial<SandboxLimits>;
  readonly recordTimeoutMs?: number;
  readonly sandbox?: Partial<LambdaSandboxOptions>;
};

/** A planned job of ten lines whose map is this source, and the map function over a real thread, with files in place of AWS. */
export async function threadedJob(mapBody: string, options: ThreadedOptions = {}) {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'in.txt'), Array.from({ length: 10 }, (_, at) => `line ${at}\n`).join(''));
  writeFileSync(
    join(cwd, 'job.ts'),
    `import { defineJob, lines, sum, type Emit } from 'refold';
export default defineJob({
  input: lines(),
  async map(line, emit: Emit<string, number>, task) { if (line === 'line 7') { ${mapBody} } emit(line, 1); },
  reduce: sum(),
});`,
  );
  const settings = { cwd, workFolder: join(cwd, '.refold') };
  const prepared = await prepareJob({
    jobFile: 'job.ts',
    inputs: { '': 'in.txt' },
    output: 'out',
    cwd,
    options: { workers: 'inline', soloBytes: 0 },
  });
  await prepared.pool.close();
  const world = openLocalWorld(settings);
  const { jobId } = prepared.record;
  await openJob(world, prepared.record, false);
  await world.ledger.startRun(jobId, 1, `${jobId}-1`);
  const { recordTimeoutMs = 60_000 } = options;
  const run = { format: 1, run: 1, workers: 1, concurrency: 1, recordTimeoutMs, budgetUsd: null, overwrite: false };
  await world.work.put(runKey(jobId, 1), encodeJson(run));
  const deciding = new Deciding({ world, settings: { workBucket: 'b', workPrefix: '' } });
  const plan = planHandler(() => deciding);
  const next = (await plan({ jobId, run: 1, at: { next: 'plan', step: 0 } }, forSeconds(900))) as MapNext;
  const [group] = (await readJson<readonly TaskGroup[]>({ work: world.work }, next.key))!;
  const call: MapCall = { jobId, run: 1, step: 0, task: group!.tasks[0]! };

  const attempts: AttemptReport[] = [];
  const lines: string[] = [];
  const supervisor = new Supervisor({ ...DEFAULT_SANDBOX_LIMITS, ...options.limits });
  open.push(supervisor);
  const sandbox = new LambdaSandbox({
    world,
    sandbox: supervisor,
    runner: { module: new URL('./file-runner.ts', import.meta.url).href, settings },
    findCode: (code) => findCode(code, { folders: [], published: { work: world.work, folder: join(cwd, 'tmp') } }),
    log: { ended: (report) => void attempts.push(report), userLine: (_, line) => void lines.push(line) },
    isSpent: () => false,
    endProcess: () => {},
    ...options.sandbox,
  });
  const map = mapHandler(() => sandbox);
  const task = () => world.ledger.readTask({ jobId, step: 0, phase: 'map', index: 0 });
  return { map: (seconds = 900) => map(call, forSeconds(seconds)), task, attempts, lines, world, jobId };
}

function forSeconds(seconds: number) {
  return { getRemainingTimeInMillis: () => seconds * 1_000 };
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((supervisor) => supervisor.close()));
});
