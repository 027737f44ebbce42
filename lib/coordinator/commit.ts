import { assert } from '../errors.ts';
import type { JobRecord } from '../job/job-record.ts';
import type { AttemptFile } from '../output/attempt-file.ts';
import { balanceOutput, type Receipt } from '../output/receipt.ts';
import { encodeReceipt, encodeSuccess, parseSuccess } from '../output/success-file.ts';
import type { OutputStore } from '../ports/output-store.ts';
import type { World } from '../ports/world.ts';
import { readStepPlan } from '../split/plan-step.ts';
import type { StepPlan } from '../split/step-plan.ts';
import { readJson } from '../work/json-object.ts';
import { ITEMS_PER_PAGE, type PackedList } from '../work/packed-list.ts';
import { receiptKey } from '../work/work-layout.ts';
import { advanceJob, type Flow } from './advance-job.ts';
import { buildReceipt, partsOf, readStepAccounts, type StepAccount } from './build-receipt.ts';
import { checkOutput, claimOutput, dropClaim, isOutputOwn, isOutputWhole } from './claim-output.ts';
import { dropSegments } from './drop-segments.ts';
import { enterDone, enterState, RunReplacedError, readJobItem, readJobRecord } from './job-access.ts';
import type { CommitAnswer, CommitCall } from './machine-call.ts';
import { allWinners, readWinnerFiles, type Winner, winnersOf } from './step-output.ts';

/** Attempts whose parts are published in one call, before the state machine goes round again: a minute or two of one Lambda function. */
export const COMMIT_ATTEMPTS_PER_CALL = 10_000;
const ATTEMPTS_IN_FLIGHT = 32;

/**
 * The Commit state: makes the winners' parts visible, then `_SUCCESS`. Only rolls forward: it may run twice, also at once, and crash
 * anywhere. When something of a winner is gone it takes back what can be seen, and the winners' tasks run again. Nothing that others left
 * at the output is removed without the run's consent, nor before all parts are known to be there. @throws OutputOccupiedError
 */
export async function commit(flow: Flow, call: CommitCall): Promise<CommitAnswer> {
  const { world } = flow;
  const { jobId, run } = call;
  const job = await readJobRecord(world, jobId);
  const item = await readJobItem(world, jobId);
  if (item.state === 'DONE') return { next: 'done' };
  let known: readonly StepAccount[] = [];
  const { generations } = item;
  if (item.state !== 'COMMITTING') {
    // The digests are those of the generations read here, or the move is refused.
    const next = await advanceJob(flow, job, run, call.at.round ?? 0);
    if (next.next !== 'commit') return next as CommitAnswer;
    // A loss that is found before anything can be seen takes nothing back, and a receipt that does not balance fails the job.
    const accounts = await readStepAccounts(world, job, run, generations);
    if (accounts === 'lost') return goRound(flow, job, call);
    known = accounts;
    await balancedReceipt(flow, job, run, accounts);
    // Much may have come to lie there since the job was started, and from COMMITTING a job no longer fails.
    await checkOutput(world, job, flow.overwrite);
    if ((await enterState(world, jobId, run, 'COMMITTING', { generations })) === 'generations-changed')
      return goRound(flow, job, call);
  }
  const output = world.openOutput(job.output, jobId);
  let receipt = await readOwnReceipt(output, job);
  if (receipt === undefined) {
    const start = item.state === 'COMMITTING' ? (call.at.published ?? 0) : 0;
    const middle = start === 0 ? 'end' : await publishMiddle(flow, job, output, start);
    if (middle === 'gone') return takeBack(flow, job, call, output);
    if (middle !== 'end') return { ...call.at, published: middle };
    // A loss takes the job out of COMMITTING only when nothing can be seen any more.
    const accounts = await readStepAccounts(world, job, undefined, generations, known);
    if (accounts === 'lost') return takeBack(flow, job, call, output);
    const last = accounts.at(-1)!;
    if (start === 0) {
      if (!(await areStaged(flow, output, last))) return takeBack(flow, job, call, output);
      await checkOutput(world, job, flow.overwrite);
      await claimOutput(world, jobId);
      const names = Array.from(partsOf(last), (part) => part.name);
      await output.clear(names, job.createdAtMs);
    }
    const end = Math.min(start + perCall(flow), last.winners.length);
    if (!(await publish(flow, output, sliceOf(last, start, end)))) return takeBack(flow, job, call, output);
    if (end < last.winners.length) return { ...call.at, published: end };
    receipt = await balancedReceipt(flow, job, run, accounts);
    const parts = partsOf(last);
    // The last look: another run, or a late attempt that found something lost, may have taken the job back to a phase.
    if (!(await isStillOurs(flow, call)) || !(await isOutputWhole(output, parts))) return takeBack(flow, job, call, output);
    const { createdAtMs, name } = job;
    await output.writeSuccess(encodeSuccess({ format: 1, jobId, name, createdAtMs, parts, counters: receipt.counters, receipt }));
  }
  // Before DONE, because nobody comes back to a job that is done.
  await output.sweep();
  await dropClaim(world, jobId);
  await world.work.put(receiptKey(jobId), encodeReceipt(receipt));
  if ((await enterDone(world, jobId, run)) === 'left') return goRound(flow, job, call);
  await world.ledger.releaseLease(job.leaseKey, jobId);
  if (flow.dropsSegments === true) await dropSegments(world, jobId, job.shape.steps.length);
  return { next: 'done' };
}

/** @throws ReceiptError */
async function balancedReceipt(flow: Flow, job: JobRecord, run: number, accounts: readonly StepAccount[]): Promise<Receipt> {
  const receipt = await buildReceipt(flow.world, job, run, accounts);
  balanceOutput(receipt.steps.at(-1)!, job.shape.steps.at(-1)!.mapOnly, partsOf(accounts.at(-1)!));
  return receipt;
}

/** What is lost is found from the first step on. */
async function goRound(flow: Flow, job: JobRecord, call: CommitCall): Promise<CommitAnswer> {
  return (await advanceJob(flow, job, call.run, (call.at.round ?? 0) + 1)) as CommitAnswer;
}

/** That of `_SUCCESS`, if this very job wrote it: an earlier call of Commit got as far as that, and the output is whole. */
async function readOwnReceipt(output: OutputStore, { jobId, createdAtMs }: JobRecord): Promise<Receipt | undefined> {
  const bytes = await output.readSuccess();
  if (bytes === undefined) return undefined;
  const success = parseSuccess(bytes);
  return success?.jobId === jobId && success.createdAtMs === createdAtMs ? success.receipt : undefined;
}

/** Are all parts staged or published? Until that is known, the output stays as it is: what lies there may be all there ever will be. */
async function areStaged(flow: Flow, output: OutputStore, account: StepAccount): Promise<boolean> {
  for (let start = 0; start < account.winners.length; start += ITEMS_PER_PAGE) {
    if (!(await arePageStaged(flow, output, sliceOf(account, start, start + ITEMS_PER_PAGE)))) return false;
  }
  return true;
}

async function arePageStaged({ world }: Flow, output: OutputStore, { winners, parts }: Committed): Promise<boolean> {
  for (let at = 0; at < parts.length; at += ATTEMPTS_IN_FLIGHT) {
    const batch = parts.slice(at, at + ATTEMPTS_IN_FLIGHT);
    const answers = await Promise.all(
      batch.map(async (own, offset) => {
        const states = await Promise.all(own.map((part) => output.isStaged(part.staged)));
        if (!states.includes('gone')) return true;
        world.log.write('warn', 'a staged part is gone: its task runs again', { ...winners[at + offset]!.task });
        return false;
      }),
    );
    if (answers.includes(false)) return false;
  }
  return true;
}

/** Attempts of the last step, and the parts of each. */
type Committed = { readonly winners: readonly Winner[]; readonly parts: readonly AttemptFile['parts'][] };

function sliceOf({ winners, parts }: StepAccount, start: number, end: number): Committed {
  return { winners: winners.slice(start, end), parts: parts.slice(start, end) };
}

function perCall(flow: Flow): number {
  return flow.commitAttemptsPerCall ?? COMMIT_ATTEMPTS_PER_CALL;
}

/**
 * A call that neither begins nor ends Commit reads nothing but the attempts it publishes. How many are published after it; `end` when those
 * from `start` on are the last ones; `gone` when something of a winner is.
 */
async function publishMiddle(flow: Flow, job: JobRecord, output: OutputStore, start: number): Promise<number | 'end' | 'gone'> {
  const { world } = flow;
  const winners = await allWinners(world, job.jobId, await lastPlan(flow, job));
  if (winners === undefined) return 'gone';
  const end = start + perCall(flow);
  if (end >= winners.length) return 'end';
  const own = winners.slice(start, end);
  const files = await readWinnerFiles(world, undefined, own);
  if (files === 'lost') return 'gone';
  return (await publish(flow, output, { winners: own, parts: files.map((file) => file.parts) })) ? end : 'gone';
}

/** False when a part is neither staged nor published. */
async function publish({ world }: Flow, output: OutputStore, { winners, parts }: Committed): Promise<boolean> {
  for (let at = 0; at < parts.length; at += ATTEMPTS_IN_FLIGHT) {
    const batch = parts.slice(at, at + ATTEMPTS_IN_FLIGHT);
    const answers = await Promise.all(
      batch.map(async (own, offset) => {
        const published = await Promise.all(own.map((part) => output.publish(part.staged)));
        if (published.every((answer) => answer === 'published')) return true;
        world.log.write('warn', 'a staged part is gone: its task runs again', { ...winners[at + offset]!.task });
        return false;
      }),
    );
    if (answers.includes(false)) return false;
  }
  return true;
}

async function isStillOurs({ world }: Flow, { jobId, run }: CommitCall): Promise<boolean> {
  const job = await readJobItem(world, jobId);
  if (job.run !== run) throw new RunReplacedError({ jobId, run, currentRun: job.run, state: job.state });
  return job.state === 'COMMITTING' || job.state === 'DONE';
}

/**
 * From COMMITTING back to a phase, which may fail: nothing must be seen meanwhile. With its parts the winners of the last step are gone,
 * so they are invalidated, which takes the job out of COMMITTING.
 */
async function takeBack(flow: Flow, job: JobRecord, call: CommitCall, output: OutputStore): Promise<CommitAnswer> {
  const { world } = flow;
  const { jobId, run } = call;
  const { state } = await readJobItem(world, jobId);
  if (state === 'DONE') return { next: 'done' };
  await isStillOurs(flow, call);
  const winners = await lastWinners(flow, job);
  // First what is still staged, so that another call of Commit which is under way finds nothing that it could make visible.
  for (const { attemptKey } of winners) await discardParts(world, output, attemptKey);
  if (await isOutputOwn(world, output, jobId)) await output.clear([], job.createdAtMs);
  for (const { task, attemptId } of winners) await world.ledger.invalidate(task, attemptId, run);
  return goRound(flow, job, call);
}

async function discardParts(world: World, output: OutputStore, attemptKey: string): Promise<void> {
  const file = await readJson<AttemptFile>(world, attemptKey);
  for (const { staged } of file?.parts ?? []) await output.discard(staged);
}

async function lastWinners(flow: Flow, job: JobRecord): Promise<PackedList<Winner>> {
  return await winnersOf(flow.world, job.jobId, await lastPlan(flow, job));
}

async function lastPlan({ world }: Flow, job: JobRecord): Promise<StepPlan> {
  const plan = await readStepPlan(world, job.jobId, job.shape.steps.length - 1);
  assert(plan !== undefined, 'a job that commits was planned');
  return plan;
}
