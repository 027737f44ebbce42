import type { EmitGate } from '../job/emit-gate.ts';
import type { JobRecord } from '../job/job-record.ts';
import type { HeldPairs } from '../job/pair-sink.ts';
import type { Step } from '../job/step.ts';
import type { World } from '../ports/world.ts';
import { pairsKey } from '../work/work-layout.ts';
import type { AttemptFile } from './attempt-file.ts';
import type { PairOutput } from './pair-output.ts';
import { PairsOutput } from './pairs-output.ts';
import { PartOutput, partName } from './part-output.ts';

export type AttemptOutputOptions = {
  readonly world: World;
  readonly job: JobRecord;
  readonly step: Step;
  /** Index of the task that writes output, and how many there are: they name the part. */
  readonly index: number;
  readonly count: number;
  readonly attemptId: string;
};

/** Output of an attempt, ended by `finish` or `abort`. */
export type AttemptOutput = PairOutput & { finish(): Promise<Pick<AttemptFile, 'parts' | 'pairs'>> };

/** The last step stages a part; a step before it leaves pairs for the next; a job whose pairs are read back by code does both. */
export async function openAttemptOutput(options: AttemptOutputOptions): Promise<AttemptOutput> {
  const { world, job, step, index, count, attemptId } = options;
  const isLast = step.index === job.shape.steps.length - 1;
  const pairs = new PairsOutput(world.work, pairsKey(job.jobId, step.index, index, attemptId));
  if (!isLast) return pairs;
  const name = partName(index, count, step.writer.extension);
  const staged = await world.openOutput(job.output, job.jobId).stage(name, attemptId);
  const part = new PartOutput({ name, writer: step.writer, part: staged, scratch: world.scratch });
  return job.keepPairs === true ? new BothOutputs(part, pairs) : part;
}

class BothOutputs implements AttemptOutput {
  private readonly part: PartOutput;
  private readonly pairs: PairsOutput;

  constructor(part: PartOutput, pairs: PairsOutput) {
    this.part = part;
    this.pairs = pairs;
  }

  get records(): number {
    return this.part.records;
  }

  get isFull(): boolean {
    return this.part.isFull || this.pairs.isFull;
  }

  get gate(): EmitGate {
    return this.part.gate;
  }

  emit(key: unknown, value: unknown): void {
    this.part.emit(key, value);
    try {
      this.pairs.emit(key, value);
    } catch (error) {
      throw this.gate.keep(error); // The part has the pair: what user code makes of the error changes nothing.
    }
  }

  hold(): HeldPairs {
    const part = this.part.hold();
    const pairs = this.pairs.hold();
    return {
      emit: (key, value) => {
        part.emit(key, value);
        try {
          pairs.emit(key, value);
        } catch (error) {
          throw this.gate.keep(error);
        }
      },
      release: () => {
        part.release();
        pairs.release();
      },
    };
  }

  emitEncoded(
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    this.part.emitEncoded(keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd);
    this.pairs.emitEncoded(keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd);
  }

  async drain(): Promise<void> {
    await this.part.drain();
    await this.pairs.drain();
  }

  async finish(): Promise<Pick<AttemptFile, 'parts' | 'pairs'>> {
    const { pairs } = await this.pairs.finish();
    const { parts } = await this.part.finish();
    return { parts, pairs };
  }

  async abort(): Promise<void> {
    await this.part.abort();
    await this.pairs.abort();
  }
}
