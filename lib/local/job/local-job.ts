import { EventEmitter, on } from 'node:events';
import { cancelJob } from '../../coordinator/cancel-job.ts';
import { JobCancelledError } from '../../coordinator/job-access.ts';
import { type JobStatus, readStatus } from '../../coordinator/job-status.ts';
import { readOutputPairs } from '../../coordinator/read-output-pairs.ts';
import type { Pair } from '../../job/define-job.ts';
import type { SuccessFile } from '../../output/success-file.ts';
import { executeJob, type JobOutcome } from './execute-job.ts';
import type { TaskEvent } from './local-functions.ts';
import { type LocalAdapters, type PreparedJob, prepareJob } from './prepare-job.ts';
import type { LocalRequest } from './request.ts';

const CANCEL_POLL_MS = 100;

/**
 * A job that runs on this machine. The process that started it is its coordinator: when that ends, the job stops, and can go on later. It
 * differs from the `AwsJob` of `connect()` in two: `events` yields what happens to each attempt, and `scale` changes the number of workers.
 */
export class LocalJob<P extends Pair = Pair> {
  readonly id: string;
  private readonly prepared: PreparedJob;
  private readonly emitter = new EventEmitter();
  private readonly stopping = new AbortController();
  private readonly outcome: Promise<JobOutcome>;
  /** Resolves when this run is in the ledger, or the job has ended without one. */
  private readonly begun: Promise<void>;

  private constructor(prepared: PreparedJob, overwrite: boolean) {
    this.prepared = prepared;
    this.id = prepared.record.jobId;
    const onEvent = (event: TaskEvent) => this.emitter.emit('event', event);
    const begun = Promise.withResolvers<void>();
    this.begun = begun.promise;
    const onStart = () => begun.resolve();
    this.outcome = executeJob(prepared, { overwrite, signal: this.stopping.signal, onEvent, onStart }).finally(async () => {
      onStart();
      await prepared.pool.close();
      this.emitter.emit('end');
    });
    this.outcome.catch(() => {}); // `result` throws it, whenever it is asked.
  }

  static async start<P extends Pair>(request: LocalRequest, adapters?: LocalAdapters): Promise<LocalJob<P>> {
    return new LocalJob<P>(await prepareJob(request, { adapters }), request.overwrite ?? false);
  }

  /** How it stands, at any time. @throws what `result` throws, where the job was refused before it was in the ledger */
  async status(): Promise<JobStatus> {
    await this.begun;
    const { world } = this.prepared;
    if ((await world.ledger.readJob(this.id)) === undefined) await this.result();
    return await readStatus(world, this.id);
  }

  /** What happens from now on, until the job ends. */
  async *events(): AsyncGenerator<TaskEvent> {
    const ended = new AbortController();
    this.outcome.finally(() => ended.abort()).catch(() => {});
    try {
      for await (const [event] of on(this.emitter, 'event', { signal: ended.signal })) yield event as TaskEvent;
    } catch (error) {
      if (!ended.signal.aborted) throw error;
    }
  }

  /** Changes the number of workers, at once. Nothing to change when the job is small enough to run inline. */
  scale(workers: number): void {
    if (this.prepared.workers !== 'inline') this.prepared.pool.resize(workers);
  }

  /**
   * Stops the job for good; the same job started again goes on from its finished tasks. A job that is committing is waited for instead: its
   * output is about to be there.
   */
  async cancel(): Promise<void> {
    const { ledger, clock } = this.prepared.world;
    const ended = this.outcome.then(
      () => true,
      () => true,
    );
    // Again and again, because a commit may be taken back to its phase.
    do {
      const job = await cancelJob(ledger, this.id);
      if (job?.state !== 'COMMITTING') this.stopping.abort(new JobCancelledError({ jobId: this.id }));
    } while (!(await Promise.race([ended, clock.sleep(CANCEL_POLL_MS)])));
    // Right after its start the job was not in the ledger yet, or was there as an earlier run had left it.
    await cancelJob(ledger, this.id);
  }

  /** Resolves when the output is there. @throws the job's failure, JobCancelledError */
  async result(): Promise<SuccessFile> {
    const outcome = await this.outcome;
    if (outcome.kind === 'stopped') throw new JobCancelledError({ jobId: this.id });
    return outcome.success;
  }

  /** The output's pairs, in order, read back from its parts once the job is done. */
  async *output(): AsyncGenerator<P> {
    await this.result();
    yield* readOutputPairs(this.prepared.world, this.prepared.record) as AsyncGenerator<P>;
  }
}
