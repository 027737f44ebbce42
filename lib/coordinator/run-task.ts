import { assert } from '../errors.ts';
import type { AttemptControl } from '../job/attempt-control.ts';
import type { Job } from '../job/define-job.ts';
import { type JobShape, shapeOf } from '../job/job-shape.ts';
import type { JobRecord } from '../job/job-record.ts';
import { type Step, stepsOf } from '../job/step.ts';
import { runMapAttempt } from '../map/run-map-attempt.ts';
import { runMapOnlyAttempt } from '../map/run-map-only-attempt.ts';
import { runSample } from '../map/run-sample.ts';
import { readAttemptFile } from '../output/attempt-file.ts';
import type { TaskId, TaskResult } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { runReduceAttempt } from '../reduce/run-reduce-attempt.ts';
import { LostSegmentError } from '../shuffle/lost-segment.ts';
import { readShuffleManifest } from '../shuffle/shuffle-manifest.ts';
import { readStepPlan } from '../split/plan-step.ts';
import { parseSplit } from '../split/split.ts';
import { readJobItem, readJobRecord } from './job-access.ts';
import type { MapCall, ReduceCall, RowRef, SampleCall, SoloCall, TaskAnswer } from './machine-call.ts';
import { type ReduceGroup, readReduceGroups } from './reduce-groups.ts';
import { runSolo } from './run-solo.ts';
import { toFailure } from '../job/failure.ts';

/** What a sandbox is asked to do. Plain data. */
export type SandboxTask =
  | { readonly role: 'describe' }
  | { readonly role: 'map'; readonly call: MapCall; readonly concurrency: number }
  | { readonly role: 'reduce'; readonly call: ReduceCall; readonly concurrency: number }
  | { readonly role: 'solo'; readonly call: SoloCall; readonly concurrency: number }
  | { readonly role: 'sample'; readonly call: SampleCall };

/**
 * The task programs, one attempt each: begin in the ledger, do the work, commit. Every attempt ends in the ledger as won, lost or failed,
 * unless the sandbox dies first. A task that is committed already answers at once.
 */
export class TaskPrograms {
  private readonly world: World;
  private readonly job: Job;
  private readonly steps: readonly Step[];
  private record: JobRecord | undefined;

  constructor(world: World, job: Job) {
    this.world = world;
    this.job = job;
    this.steps = stepsOf(job);
  }

  async run(task: SandboxTask, control: AttemptControl): Promise<JobShape | TaskAnswer> {
    switch (task.role) {
      case 'describe':
        return shapeOf(this.job);
      case 'map':
        return await this.runMap(task.call, task.concurrency, control);
      case 'reduce':
        return await this.runReduce(task.call, control);
      case 'solo':
        return await this.runSolo(task.call, task.concurrency, control);
      case 'sample':
        return await this.runSample(task.call, control);
    }
  }

  private async runMap(call: MapCall, concurrency: number, control: AttemptControl): Promise<TaskAnswer> {
    const { world } = this;
    const job = await this.readRecord(call.jobId);
    const task: TaskId = { jobId: call.jobId, step: call.step, phase: 'map', index: call.task.index };
    return await this.attempt(task, control, call.run, async (attempt) => {
      const split = parseSplit(await this.readRow(call.task.row));
      assert(split.index === task.index, 'a task list names each split by its own index');
      const options = { world, job, step: this.stepAt(call.step), task, split, attempt, concurrency, control };
      const plan = await readStepPlan(world, call.jobId, call.step);
      return plan?.mapOnly === true ? await runMapOnlyAttempt({ ...options, splitCount: plan.splits }) : await runMapAttempt(options);
    });
  }

  private async runReduce(call: ReduceCall, control: AttemptControl): Promise<TaskAnswer> {
    const { world } = this;
    const job = await this.readRecord(call.jobId);
    const task: TaskId = { jobId: call.jobId, step: call.step, phase: 'reduce', index: call.task.index };
    const generation = (await readJobItem(world, call.jobId)).generations[call.step] ?? 0;
    const manifest = await readShuffleManifest(world, call.jobId, call.step, generation);
    // A segment was lost since: CheckPhase sends this task round when the next index is there.
    if (manifest === undefined) return {};
    return await this.attempt(task, control, call.run, async (attempt) => {
      const group = JSON.parse(Buffer.from(await this.readRow(call.task.row)).toString('utf8')) as ReduceGroup;
      const groupCount = (await readReduceGroups(world, call.jobId, call.step))!.length;
      try {
        return await runReduceAttempt({ world, job, step: this.stepAt(call.step), task, group, groupCount, manifest, attempt, control });
      } catch (error) {
        if (!(error instanceof LostSegmentError)) throw error;
        for (const { mapIndex } of error.lost) {
          world.log.write('warn', 'segment lost: its map task runs again', { ...task, mapTask: mapIndex, reason: error.message });
          await world.ledger.invalidate({ ...task, phase: 'map', index: mapIndex }, manifest.mapAttempts[mapIndex]!, call.run);
        }
        await world.ledger.failAttempt(task, control.attemptId, toFailure(error));
        return undefined;
      }
    });
  }

  private async runSolo(call: SoloCall, concurrency: number, control: AttemptControl): Promise<TaskAnswer> {
    const { world } = this;
    const job = await this.readRecord(call.jobId);
    const plan = await readStepPlan(world, call.jobId, call.at.step);
    assert(plan !== undefined, 'Solo comes after Plan');
    const task: TaskId = { jobId: call.jobId, step: call.at.step, phase: 'reduce', index: 0 };
    return await this.attempt(task, control, call.run, (attempt) =>
      runSolo({ world, job, step: this.stepAt(call.at.step), plan, attempt, concurrency, control }),
    );
  }

  private async runSample(call: SampleCall, control: AttemptControl): Promise<TaskAnswer> {
    const { world } = this;
    const job = await this.readRecord(call.jobId);
    const plan = await readStepPlan(world, call.jobId, call.at.step);
    assert(plan !== undefined, 'Sample comes after Plan');
    await runSample({ world, job, step: this.stepAt(call.at.step), plan, control });
    return {};
  }

  /** The frame of every attempt. `work` answers undefined when the attempt ended without a result, and said so to the ledger. */
  private async attempt(
    task: TaskId,
    control: AttemptControl,
    run: number,
    work: (attempt: number) => Promise<TaskResult | undefined>,
  ): Promise<TaskAnswer> {
    const { ledger } = this.world;
    const begun = await ledger.beginAttempt(task, control.attemptId);
    if (begun.kind === 'committed') return {};
    let result: TaskResult | undefined;
    try {
      result = await work(begun.attempt);
    } catch (error) {
      await ledger.failAttempt(task, control.attemptId, toFailure(error));
      throw error;
    }
    if (result === undefined) return {};
    const answer = await ledger.commit(task, control.attemptId, result);
    if (answer.kind === 'lost') await this.discard(task, result, run);
    return {};
  }

  /** Only after another attempt was read as the winner: what this one wrote is garbage. */
  private async discard(task: TaskId, result: TaskResult, run: number): Promise<void> {
    const { world } = this;
    world.log.write('info', 'another attempt had won', { ...task, run });
    if (result.kind === 'map') return await world.work.delete([result.segmentKey]);
    const file = await readAttemptFile(world, result.attemptKey);
    const job = await this.readRecord(task.jobId);
    const output = world.openOutput(job.output, task.jobId);
    for (const part of file.parts) await output.discard(part.staged);
    await world.work.delete([result.attemptKey, ...file.pairs.map((pairs) => pairs.key)]);
  }

  private async readRecord(jobId: string): Promise<JobRecord> {
    if (this.record?.jobId !== jobId) this.record = await readJobRecord(this.world, jobId);
    return this.record;
  }

  private readRow(row: RowRef): Promise<Uint8Array> {
    return this.world.work.readRange(row.key, undefined, row.byteStart, row.byteEnd);
  }

  private stepAt(index: number): Step {
    const step = this.steps[index];
    assert(step !== undefined, 'the bundle is the one that the job was planned with');
    return step;
  }
}
