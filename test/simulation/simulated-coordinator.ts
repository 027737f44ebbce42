import { buildStateMachine } from '../../lib/coordinator/build-state-machine.ts';
import type { Json } from '../../lib/coordinator/states.ts';
import { toTaskError } from '../../lib/coordinator/task-error.ts';
import type { Job } from '../../lib/job/define-job.ts';
import type { JobRecord } from '../../lib/job/job-record.ts';
import { runMachine } from '../../lib/local/interpreter/run-machine.ts';
import { invokeLocal, LOCAL_ARNS } from '../../lib/local/job/local-functions.ts';
import { SandboxLostError } from '../../lib/node/sandbox/sandbox-error.ts';
import { encodeJson } from '../../lib/work/json-object.ts';
import { jobKey } from '../../lib/work/work-layout.ts';
import { SimulatedPool } from './simulated-pool.ts';
import { SimulatedProcess } from './simulated-process.ts';
import type { SimulatedWorld } from './simulated-world.ts';

export type RunSettings = {
  readonly job: Job;
  readonly record: JobRecord;
  readonly workers: number;
  readonly maxAttempts: number;
  /** Each deciding function is a process of its own, as on Lambda. */
  readonly isCloud: boolean;
  /** Every sandbox there ever was. */
  readonly sandboxes: SimulatedProcess[];
};

export type RunOutcome =
  | { readonly kind: 'done' }
  /** `cause` is what the machine ended with. */
  | { readonly kind: 'failed'; readonly error: string; readonly cause: string }
  /** Before or after the machine, or refused because there is a newer run. */
  | { readonly kind: 'stopped'; readonly why: string };

/** One run of the job, as the command line or a start of the state machine does it: lease, open, start the run, lease, run the machine. */
export async function runCoordinator(
  world: SimulatedWorld,
  coordinator: SimulatedProcess,
  settings: RunSettings,
): Promise<RunOutcome> {
  const { record } = settings;
  const { jobId } = record;
  const own = world.worldOf(coordinator);
  try {
    await own.ledger.acquireLease(record.leaseKey, jobId);
    await own.work.putIfAbsent(jobKey(jobId), encodeJson(record));
    const { job } = await own.ledger.createJob({
      jobId,
      fingerprint: record.fingerprint,
      name: record.name,
      outputPath: record.output,
      state: 'PLANNING',
      run: 0,
      executionId: '',
      generations: record.shape.steps.map(() => 0),
      createdAtMs: record.createdAtMs,
      updatedAtMs: record.createdAtMs,
    });
    if (job.state === 'DONE') return { kind: 'done' };
    const started = await own.ledger.startRun(jobId, job.run + 1, own.ids.newId());
    if (started.kind === 'refused') return { kind: 'stopped', why: 'refused' };
    await own.ledger.acquireLease(record.leaseKey, jobId);
    const outcome = await runJobMachine(world, coordinator, settings, started.job.run);
    const ended = await own.ledger.readJob(jobId);
    if (ended?.state === 'DONE') return { kind: 'done' };
    if (outcome.status === 'FAILED') return { kind: 'failed', error: outcome.error, cause: outcome.cause };
    return { kind: 'stopped', why: outcome.status };
  } catch (error) {
    return { kind: 'stopped', why: String(error) };
  }
}

function runJobMachine(world: SimulatedWorld, coordinator: SimulatedProcess, settings: RunSettings, run: number) {
  const { record, workers, maxAttempts } = settings;
  const pool = new SimulatedPool(world, coordinator, settings.job, settings);
  const own = world.worldOf(coordinator);
  const invokeIn = (process: SimulatedProcess, functionArn: string, payload: Json, signal: AbortSignal) =>
    invokeLocal(
      {
        flow: { world: world.worldOf(process), workers, overwrite: false, commitAttemptsPerCall: 2 },
        pool,
        concurrency: 1,
        onEvent: () => {},
      },
      functionArn,
      payload,
      signal,
    );
  /** One call of a function on Lambda: a process that may die, be given up, or have a double. */
  const invokeCloud = (functionArn: string, payload: Json, signal: AbortSignal): Promise<unknown> => {
    const { time, random, faults } = world;
    const called = new SimulatedProcess('function', world.newId(), time, random);
    coordinator.children.push(called);
    return new Promise((resolve, reject) => {
      const lose = (end: string) => reject(toTaskError(new SandboxLostError({ pid: 0, end })));
      called.onDeath(() => time.after(50, () => lose('killed')));
      if (faults.strikes('zombieFunction')) {
        time.after(100 * random.next(), () => {
          called.slowness = random.pick([1, 5, 50]);
          lose('out of reach');
        });
      }
      invokeIn(called, functionArn, payload, signal)
        .then(resolve, reject)
        .finally(() => {
          called.hasEnded = true;
        });
    });
  };
  const invoke = async (functionArn: string, payload: Json, signal: AbortSignal) => {
    if (!settings.isCloud) return await invokeIn(coordinator, functionArn, payload, signal);
    if (world.faults.strikes('duplicateFunction')) invokeCloud(functionArn, payload, signal).catch(() => {});
    return await coordinator.whileAlive(invokeCloud(functionArn, payload, signal));
  };
  return runMachine(
    buildStateMachine(LOCAL_ARNS, { maxAttempts }),
    { jobId: record.jobId, run },
    {
      invoke,
      readJsonArray: async function* (_bucket, key) {
        yield* JSON.parse(Buffer.from(await own.work.read(key)).toString('utf8')) as unknown[];
      },
      clock: coordinator,
      random: world.random.next,
      executionName: `${record.jobId}-${run}`,
    },
  );
}
