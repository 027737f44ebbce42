import type { TaskEvent } from '../../local/job/local-functions.ts';
import { showBytes, showCount, showDuration } from './show-quantity.ts';

/** One phase of one step, as it starts. */
export type PhaseStart = {
  readonly role: 'map' | 'reduce' | 'solo' | 'sample';
  readonly step: number;
  /** Steps of the job in all. */
  readonly steps: number;
  readonly tasks: number;
  /** Committed by earlier runs or rounds. */
  readonly committed: number;
};

/** Speed is that of about the last seconds. */
const SPEED_WINDOW_MS = 3_000;

/** Adds up what attempts report of themselves: for people, not for the receipt. */
export class PhaseTally {
  readonly start: PhaseStart;
  done: number;
  bytes = 0;
  retries = 0;
  /** Said after all else, such as what the job has cost so far. */
  note = '';
  private readonly startedAtMs: number;
  private readonly bytesByTask = new Map<number, number>();
  private readonly samples: { readonly atMs: number; readonly bytes: number }[];

  constructor(start: PhaseStart, nowMs: number) {
    this.start = start;
    this.done = start.committed;
    this.startedAtMs = nowMs;
    this.samples = [{ atMs: nowMs, bytes: 0 }];
  }

  add(event: TaskEvent, nowMs: number): void {
    if (event.kind === 'task-begun') this.bytesByTask.set(event.index, 0);
    else if (event.kind === 'task-progress') this.addBytes(event.index, event.bytes, nowMs);
    else if (event.kind === 'task-ended') {
      this.bytesByTask.delete(event.index);
      if (event.ok) this.done += 1;
      else this.retries += 1;
    }
  }

  /** How the phase stands, for one that is looked at from time to time. Bytes grow by the tasks that end. */
  set(progress: { readonly done: number; readonly bytes: number; readonly retries: number }, nowMs: number): void {
    this.done = progress.done;
    this.retries = progress.retries;
    if (progress.bytes === this.bytes) return;
    this.bytes = Math.max(this.bytes, progress.bytes);
    this.sample(nowMs);
  }

  /** `map  12/40 tasks  120 MB/s  eta 8 s  1 retry`, without its name. */
  describe(nowMs: number): string {
    const speed = this.bytesPerSecond(nowMs);
    const etaMs = this.etaMs(nowMs);
    return [
      `${showCount(this.done)}/${showCount(this.start.tasks)} tasks`,
      ...(speed > 0 ? [`${showBytes(Math.round(speed))}/s`] : []),
      ...(etaMs === undefined ? [] : [`${showDuration(etaMs)} left`]),
      ...this.describeRetries(),
      ...this.describeNote(),
    ].join(', ');
  }

  describeEnd(nowMs: number): string {
    const ms = nowMs - this.startedAtMs;
    return [
      // One that was over before it was first looked at took nobody knows how long.
      `${showCount(this.done)}/${showCount(this.start.tasks)} tasks${ms === 0 ? '' : ` in ${showDuration(ms)}`}`,
      ...this.describeRetries(),
      ...this.describeNote(),
    ].join(', ');
  }

  /** `map`, or `step 2/3 map` in a chain. */
  get name(): string {
    const { role, step, steps } = this.start;
    return steps === 1 ? role : `step ${step + 1}/${steps} ${role}`;
  }

  elapsedMs(nowMs: number): number {
    return nowMs - this.startedAtMs;
  }

  private describeRetries(): string[] {
    return this.retries === 0 ? [] : [`${this.retries} ${this.retries === 1 ? 'retry' : 'retries'}`];
  }

  private describeNote(): string[] {
    return this.note === '' ? [] : [this.note];
  }

  private addBytes(index: number, bytes: number, nowMs: number): void {
    this.bytes += Math.max(0, bytes - (this.bytesByTask.get(index) ?? 0));
    this.bytesByTask.set(index, bytes);
    this.sample(nowMs);
  }

  private sample(nowMs: number): void {
    this.samples.push({ atMs: nowMs, bytes: this.bytes });
    while (this.samples.length > 2 && this.samples[1]!.atMs < nowMs - SPEED_WINDOW_MS) this.samples.shift();
  }

  private bytesPerSecond(nowMs: number): number {
    const oldest = this.samples[0]!;
    const ms = nowMs - oldest.atMs;
    return ms < 200 ? 0 : ((this.bytes - oldest.bytes) / ms) * 1000;
  }

  /** By the tasks that ended in this run. */
  private etaMs(nowMs: number): number | undefined {
    const ended = this.done - this.start.committed;
    if (ended <= 0 || this.done >= this.start.tasks) return undefined;
    return ((nowMs - this.startedAtMs) / ended) * (this.start.tasks - this.done);
  }
}
