import { assert } from '../errors.ts';
import type { AttemptControl } from '../job/attempt-control.ts';
import type { Job } from '../job/define-job.ts';
import { toFailure } from '../job/failure.ts';
import type { JobRecord } from '../job/job-record.ts';
import { type JobShape, shapeOf } from '../job/job-shape.ts';
import { type Step, stepsOf } from '../job/step.ts';
import { dropSpareMemory } from '../map/map-memory.ts';
import { runMapAttempt } from '../map/run-map-attempt.ts';
import { runMapOnlyAttempt } from '../map/run-map-only-attempt.ts';
import { runSample } from '../map/run-sample.ts';
import { readAttemptFile } from '../output/attempt-file.ts';
import type { TaskId, TaskResult } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { runReduceAttempt } from '../reduce/run-reduce-attempt.ts';
import { LostSegmentError } from '../shuffle/lost-segment.ts';
import { type ReduceGroup, readReduceGroups } from '../shuffle/reduce-groups.ts';
import { readShuffleManifest, type ShuffleManifest } from '../shuffle/shuffle-manifest.ts';
import { readStepPlan } from '../split/plan-step.ts';
import { readSplits } from '../split/read-splits.ts';
import { decodeSplit, type Split, type SplitPairs } from '../split/split.ts';
import type { StepPlan } from '../split/step-plan.ts';
import type { RowRef } from '../work/row-ref.ts';
import { readJobItem, readJobRecord } from './job-access.ts';
import { dropIndex, isLostIndex, isUnreadable, LostWorkError } from './lost-work.ts';
import type { MapCall, ReduceCall, SampleCall, SoloCall, TaskAnswer } from './machine-call.ts';
import { runSolo } from './run-solo.ts';
import { resolvePairs } from './step-output.ts';

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
  private readonly sandboxMemoryBytes: number;
  private record: JobRecord | undefined;
  private plan: { readonly jobId: string; readonly plan: StepPlan } | undefined;

  /** @param sandboxMemoryBytes of the whole sandbox, where it is paid for by its memory */
  constructor(world: World, job: Job, sandboxMemoryBytes = 0) {
    this.world = world;
    this.job = job;
    this.sandboxMemoryBytes = sandboxMemoryBytes;
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
      const row = decodeSplit(await this.readRow(call.task.row));
      assert(row.index === task.index, 'a task list names each split by its own index');
      return await this.overPairs(task, call.run, [row], async ([split]) => {
        const plan = await this.readPlan(call.jobId, call.step);
        const step = this.stepAt(call.step);
        const options = { world, job, step, plan, task, split: split!, attempt, concurrency, control };
        return plan.mapOnly ? await runMapOnlyAttempt(options) : await runMapAttempt(options);
      });
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
      dropSpareMemory();
      const group = JSON.parse(Buffer.from(await this.readRow(call.task.row)).toString('utf8')) as ReduceGroup;
      const groupCount = (await readReduceGroups(world, call.jobId, call.step))!.length;
      try {
        return await runReduceAttempt({
          world,
          job,
          step: this.stepAt(call.step),
          task,
          group,
          groupCount,
          manifest,
          attempt,
          control,
        });
      } catch (error) {
        await this.reportLoss(task, manifest, error, call.run);
        throw error;
      }
    });
  }

  /** What a reduce attempt could not read is given up, so that it is made anew. @throws LostWorkError when that was it */
  private async reportLoss(task: TaskId, manifest: ShuffleManifest, error: unknown, run: number): Promise<void> {
    const { world } = this;
    const isIndex = isLostIndex(error, manifest);
    if (!isIndex && !(error instanceof LostSegmentError)) return;
    // A late attempt needs nothing any more, and what the job has got further with is not its to undo.
    if (!(await this.isWanted(task))) throw new LostWorkError({ what: error.message }, { cause: error });
    if (isIndex) await dropIndex(world, task.jobId, task.step, manifest, error);
    else {
      for (const { mapIndex } of error.lost) {
        world.log.write('warn', 'segment lost: its map task runs again', { ...task, mapTask: mapIndex, reason: error.message });
        await world.ledger.invalidate({ ...task, phase: 'map', index: mapIndex }, manifest.mapAttempts[mapIndex]!, run);
      }
    }
    throw new LostWorkError({ what: error.message }, { cause: error });
  }

  private async isWanted(task: TaskId): Promise<boolean> {
    return (await this.world.ledger.readTask(task))?.commit === undefined;
  }

  private async runSolo(call: SoloCall, concurrency: number, control: AttemptControl): Promise<TaskAnswer> {
    const { world } = this;
    const job = await this.readRecord(call.jobId);
    const plan = await this.readPlan(call.jobId, call.at.step);
    const task: TaskId = { jobId: call.jobId, step: call.at.step, phase: 'reduce', index: 0 };
    return await this.attempt(task, control, call.run, async (attempt) => {
      const rows = await readSplits(world, plan);
      return await this.overPairs(task, call.run, rows, (splits) =>
        runSolo({ world, job, step: this.stepAt(call.at.step), plan, splits, attempt, concurrency, control }),
      );
    });
  }

  private async runSample(call: SampleCall, control: AttemptControl): Promise<TaskAnswer> {
    const { world } = this;
    const job = await this.readRecord(call.jobId);
    const plan = await this.readPlan(call.jobId, call.at.step);
    const pairs: SplitPairs[] = [];
    const resolve = async (planned: Split) => {
      const split = await resolvePairs(world, call.jobId, call.run, planned);
      if (split === undefined) throw new LostWorkError({ what: `the pairs that split ${planned.index} maps` });
      pairs.push(...(split.pairs ?? []));
      return split;
    };
    try {
      await runSample({ world, job, step: this.stepAt(call.at.step), plan, control, resolve });
    } catch (error) {
      // Plan, which comes next, finds that an earlier step has something to do again.
      if (error instanceof LostWorkError) return {};
      const lost = pairs.find(({ key }) => isUnreadable(error, key));
      if (lost === undefined) throw error;
      await world.ledger.invalidate({ jobId: call.jobId, ...lost.task }, lost.attemptId, call.run);
    }
    return {};
  }

  /**
   * Work over splits with the pairs that are committed now. Pairs that cannot be read have their commit invalidated.
   * @throws LostWorkError when an earlier step is to leave them anew first
   */
  private async overPairs<Result extends TaskResult>(
    task: TaskId,
    run: number,
    rows: readonly Split[],
    work: (splits: readonly Split[]) => Promise<Result>,
  ): Promise<Result> {
    const { ledger } = this.world;
    if (rows.every((row) => row.pairs === undefined)) return await work(rows);
    const splits: Split[] = [];
    for (const row of rows) {
      const split = await resolvePairs(this.world, task.jobId, run, row);
      if (split === undefined) throw new LostWorkError({ what: `the pairs that split ${row.index} maps` });
      splits.push(split);
    }
    const pairs = splits.flatMap((split) => split.pairs ?? []);
    try {
      const upstream = [...new Set(pairs.map(({ attemptId }) => attemptId))];
      return { ...(await work(splits)), upstream };
    } catch (error) {
      const lost = pairs.find(({ key }) => isUnreadable(error, key));
      if (lost === undefined) throw error;
      if (await this.isWanted(task)) await ledger.invalidate({ jobId: task.jobId, ...lost.task }, lost.attemptId, run);
      throw new LostWorkError({ what: lost.key }, { cause: error });
    }
  }

  /** The frame of every attempt. What throws LostWorkError ends without a result, and CheckPhase sends its task round. */
  private async attempt(
    task: TaskId,
    control: AttemptControl,
    run: number,
    work: (attempt: number) => Promise<TaskResult>,
  ): Promise<TaskAnswer> {
    const { ledger } = this.world;
    const begun = await ledger.beginAttempt(task, control.attemptId, this.sandboxMemoryBytes);
    if (begun.kind === 'committed') return {};
    let result: TaskResult;
    try {
      result = await work(begun.attempt);
    } catch (error) {
      await ledger.failAttempt(task, control.attemptId, toFailure(error));
      if (error instanceof LostWorkError) return {};
      throw error;
    }
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

  /** Kept from task to task: it is as long as the step has tasks, and never changes. */
  private async readPlan(jobId: string, step: number): Promise<StepPlan> {
    const known = this.plan;
    if (known?.jobId === jobId && known.plan.step === step) return known.plan;
    const plan = await readStepPlan(this.world, jobId, step);
    assert(plan !== undefined, 'the tasks of a step come after its plan');
    this.plan = { jobId, plan };
    return plan;
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
