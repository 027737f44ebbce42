import { assert, ObjectMissingError } from '../errors.ts';
import type { JobRecord } from '../job/job-record.ts';
import { type AttemptFile, readAttemptFile } from '../output/attempt-file.ts';
import { balanceOutput } from '../output/receipt.ts';
import { encodeReceipt, encodeSuccess } from '../output/success-file.ts';
import type { Phase, TaskId } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { readStepPlan } from '../split/plan-step.ts';
import { buildReceipt } from './build-receipt.ts';
import { attemptKeysOf, decideNext, type Flow } from './decide-next.ts';
import { enterState, readJobItem, readJobRecord } from './job-access.ts';
import type { CommitAnswer, CommitCall } from './machine-call.ts';
import { receiptKey } from './work-layout.ts';

/** Parts published in one call before the state machine goes round again. */
const PARTS_PER_CALL = 2_000;
const PARTS_IN_FLIGHT = 8;

type Winner = { readonly task: TaskId; readonly attemptId: string; readonly attemptKey: string };

/**
 * The Commit state: makes the winners' parts visible, then `_SUCCESS`. Only rolls forward: it may run twice, and crash anywhere. A part
 * that is gone has its commit invalidated, and its task runs again.
 */
export async function commit(flow: Flow, call: CommitCall): Promise<CommitAnswer> {
  const { world } = flow;
  const { jobId, run } = call;
  const job = await readJobRecord(world, jobId);
  const { state, generations } = await readJobItem(world, jobId);
  if (state === 'DONE') return { next: 'done' };
  if (state !== 'COMMITTING') {
    // The digests are those of the generations read here, or the move is refused.
    const next = await decideNext(flow, job, run, 0, call.at.round ?? 0);
    if (next.next !== 'commit') return next as CommitAnswer;
    if ((await enterState(world, jobId, run, 'COMMITTING', { generations })) === 'generations-changed') {
      return (await decideNext(flow, job, run, 0, (call.at.round ?? 0) + 1)) as CommitAnswer;
    }
  }
  const winners = await winnersOf(world, job);
  const files = await readFiles(world, run, winners);
  if (files === 'lost') return goRound(flow, job, call);
  const output = world.openOutput(job.output, jobId);
  const names = files.flatMap((file) => file.parts.map((part) => part.account.name));
  const start = call.at.published ?? 0;
  if (start === 0) await output.clear(names);
  let published = 0;
  let gone = false;
  for (; start + published < files.length && published < PARTS_PER_CALL; published += PARTS_IN_FLIGHT) {
    const batch = files.slice(start + published, Math.min(start + published + PARTS_IN_FLIGHT, start + PARTS_PER_CALL));
    const answers = await Promise.all(
      batch.map(async (file, offset) => {
        const parts = await Promise.all(file.parts.map((part) => output.publish(part.staged)));
        if (parts.every((answer) => answer === 'published')) return true;
        const { task, attemptId } = winners[start + published + offset]!;
        world.log.write('warn', 'a staged part is gone: its task runs again', { ...task });
        await world.ledger.invalidate(task, attemptId, run);
        return false;
      }),
    );
    gone ||= answers.includes(false);
  }
  if (gone) return goRound(flow, job, call);
  if (start + published < files.length) return { ...call.at, published: start + published };
  const receipt = await buildReceipt(world, job, run, files);
  const parts = files.flatMap((file) => file.parts.map((part) => part.account));
  balanceOutput(receipt.steps.at(-1)!, job.shape.steps.at(-1)!.mapOnly, parts);
  await output.writeSuccess(encodeSuccess({ format: 1, jobId, name: job.name, parts, counters: receipt.counters, receipt }));
  await world.work.put(receiptKey(jobId), encodeReceipt(receipt));
  await enterState(world, jobId, run, 'DONE');
  await output.sweep();
  await world.ledger.releaseLease(job.output, jobId);
  return { next: 'done' };
}

/** Invalidation has taken the job out of COMMITTING; what is lost is found from the first step on. */
async function goRound(flow: Flow, job: JobRecord, call: CommitCall): Promise<CommitAnswer> {
  return (await decideNext(flow, job, call.run, 0, (call.at.round ?? 0) + 1)) as CommitAnswer;
}

/** The last step's committed attempts, in part order. */
async function winnersOf(world: World, job: JobRecord): Promise<readonly Winner[]> {
  const step = job.shape.steps.length - 1;
  const phase = await outputPhase(world, job, step);
  const keys = await attemptKeysOf(world, job.jobId, step, phase);
  return [...keys]
    .toSorted(([a], [b]) => a - b)
    .map(([index, { attemptId, attemptKey }]) => ({ task: { jobId: job.jobId, step, phase, index }, attemptId, attemptKey }));
}

/** Which phase's attempts left a step's output: reduce (and Solo), or map in a map-only step. */
export async function outputPhase(world: World, job: JobRecord, step: number): Promise<Phase> {
  const plan = await readStepPlan(world, job.jobId, step);
  assert(plan !== undefined, 'a step that has ended was planned');
  if (!plan.mapOnly) return 'reduce';
  const solo = await world.ledger.readTask({ jobId: job.jobId, step, phase: 'reduce', index: 0 });
  return solo?.commit === undefined ? 'map' : 'reduce';
}

async function readFiles(world: World, run: number, winners: readonly Winner[]): Promise<readonly AttemptFile[] | 'lost'> {
  const files: AttemptFile[] = [];
  let lost = false;
  for (const { task, attemptId, attemptKey } of winners) {
    try {
      files.push(await readAttemptFile(world, attemptKey));
    } catch (error) {
      if (!(error instanceof ObjectMissingError)) throw error;
      await world.ledger.invalidate(task, attemptId, run);
      lost = true;
    }
  }
  return lost ? 'lost' : files;
}
