import type { Flow } from '../../coordinator/advance-job.ts';
import type { MachineInput } from '../../coordinator/machine-call.ts';
import type { World } from '../../ports/world.ts';
import { type RunRecord, readRunRecord } from '../start/run-record.ts';
import type { FunctionEnvironment } from '../world/read-environment.ts';
import { type ReadConcurrency, settleWorkers } from './account-workers.ts';
import { type LastOf, lastOf } from './last-of.ts';

export type DecidingOptions = {
  readonly world: World;
  readonly settings: Pick<FunctionEnvironment['settings'], 'workBucket' | 'workPrefix'>;
  /** Plan's alone. */
  readonly readConcurrency?: ReadConcurrency;
};

/**
 * What the functions that decide live in: the world, and of each call the run it belongs to. They have no deadline of their own: everything
 * they do may be done twice, so Lambda ends one that takes too long, and the machine calls it again.
 */
export class Deciding {
  readonly world: World;
  readonly #options: DecidingOptions;
  readonly #runs: LastOf<RunRecord>;

  constructor(options: DecidingOptions) {
    this.world = options.world;
    this.#options = options;
    this.#runs = lastOf();
  }

  runOf({ jobId, run }: MachineInput): Promise<RunRecord> {
    const { readConcurrency } = this.#options;
    return this.#runs(`${jobId}-${run}`, async () => {
      const record = await readRunRecord(this.world, jobId, run);
      return readConcurrency === undefined ? record : await settleWorkers(this.world, jobId, record, readConcurrency);
    });
  }

  async flowOf(call: MachineInput): Promise<Flow> {
    const { workers, overwrite, budgetUsd } = await this.runOf(call);
    const { workBucket, workPrefix } = this.#options.settings;
    return {
      world: this.world,
      workers,
      boundBy: 'machine',
      overwrite,
      dropsSegments: true,
      watch: budgetUsd !== null,
      workArea: { bucket: workBucket, prefix: workPrefix },
    };
  }

  /** For MarkFailed, which must not need the record of a run: that may be what is missing. */
  flowOfFailure(): Flow {
    return { world: this.world, workers: 0, overwrite: false };
  }
}
