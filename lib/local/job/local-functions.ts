import type { Flow } from '../../coordinator/advance-job.ts';
import type { FunctionArns, FunctionName } from '../../coordinator/build-state-machine.ts';
import { check } from '../../coordinator/check.ts';
import { commit } from '../../coordinator/commit.ts';
import type {
  CheckCall,
  CommitCall,
  MapCall,
  MarkFailedCall,
  PlanCall,
  PlanReduceCall,
  SampleCall,
  SoloCall,
} from '../../coordinator/machine-call.ts';
import { markFailed } from '../../coordinator/mark-failed.ts';
import { plan } from '../../coordinator/plan.ts';
import { planReduce } from '../../coordinator/plan-reduce.ts';
import type { SandboxTask } from '../../coordinator/run-task.ts';
import { toTaskError } from '../../coordinator/task-error.ts';
import { assert } from '../../errors.ts';
import { TASK_CANCELLED, toFailure } from '../../job/failure.ts';
import type { TaskId } from '../../ports/task-ledger.ts';
import type { SandboxPool } from '../sandbox/sandbox-pool.ts';

const NAMES = [
  'plan',
  'solo',
  'sample',
  'map',
  'planReduce',
  'reduce',
  'check',
  'commit',
  'markFailed',
] as const satisfies readonly FunctionName[];
const arnOf = (name: string) => `arn:aws:lambda:local:000000000000:function:refold-${name}`;

/** Names that the local state machine calls its functions by. */
export const LOCAL_ARNS = Object.fromEntries(NAMES.map((name) => [name, arnOf(name)])) as FunctionArns;

/** What a progress display wants to know of an attempt. */
export type TaskEvent =
  | {
      readonly kind: 'task-begun';
      readonly role: SandboxTask['role'];
      readonly index: number;
      readonly step: number;
      readonly attemptId: string;
      readonly pid: number;
    }
  | {
      readonly kind: 'task-progress';
      readonly role: SandboxTask['role'];
      readonly index: number;
      readonly step: number;
      readonly bytes: number;
      readonly records: number;
    }
  | {
      readonly kind: 'task-ended';
      readonly role: SandboxTask['role'];
      readonly index: number;
      readonly step: number;
      readonly ok: boolean;
      readonly message?: string;
    }
  | {
      readonly kind: 'task-log';
      readonly role: SandboxTask['role'];
      readonly index: number;
      readonly step: number;
      readonly line: string;
    }
  | { readonly kind: 'state'; readonly next: string; readonly step: number; readonly round: number };

export type LocalFunctions = {
  readonly flow: Flow;
  readonly pool: SandboxPool;
  readonly concurrency: number;
  readonly onEvent: (event: TaskEvent) => void;
};

const SANDBOXED: ReadonlySet<string> = new Set([LOCAL_ARNS.solo, LOCAL_ARNS.sample, LOCAL_ARNS.map, LOCAL_ARNS.reduce]);

/** Does that function decide what comes next, here in this process, rather than work in a sandbox? */
export function isDeciding(functionArn: string): boolean {
  return !SANDBOXED.has(functionArn);
}

/** What stands for AWS Lambda: deciding functions run here, task programs in a sandbox. */
export async function invokeLocal(
  functions: LocalFunctions,
  functionArn: string,
  payload: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const name = NAMES.find((candidate) => LOCAL_ARNS[candidate] === functionArn);
  assert(name !== undefined, `${functionArn} is one of the local functions`);
  try {
    const answer = await callFunction(functions, name, payload, signal);
    const { next, step = 0, round = 0 } = (answer ?? {}) as { next?: string; step?: number; round?: number };
    if (next !== undefined) functions.onEvent({ kind: 'state', next, step, round });
    return answer;
  } catch (error) {
    throw toTaskError(error);
  }
}

function callFunction(functions: LocalFunctions, name: FunctionName, payload: unknown, signal: AbortSignal): Promise<unknown> {
  const { flow, concurrency } = functions;
  switch (name) {
    case 'plan':
      return plan(flow, payload as PlanCall);
    case 'check':
      return check(flow, payload as CheckCall);
    case 'planReduce':
      return planReduce(flow, payload as PlanReduceCall);
    case 'commit':
      return commit(flow, payload as CommitCall);
    case 'markFailed':
      return markFailed(flow, payload as MarkFailedCall);
    case 'sample':
      return runInSandbox(functions, { role: 'sample', call: payload as SampleCall }, undefined, signal);
    case 'solo': {
      const call = payload as SoloCall;
      const task: TaskId = { jobId: call.jobId, step: call.at.step, phase: 'reduce', index: 0 };
      return runInSandbox(functions, { role: 'solo', call, concurrency }, task, signal);
    }
    case 'map':
    case 'reduce': {
      const call = payload as MapCall;
      const task: TaskId = { jobId: call.jobId, step: call.step, phase: name, index: call.task.index };
      return runInSandbox(functions, { role: name, call, concurrency }, task, signal);
    }
  }
}

async function runInSandbox(
  { pool, flow, onEvent }: LocalFunctions,
  task: SandboxTask,
  id: TaskId | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  const place = { role: task.role, index: id?.index ?? 0, step: id?.step ?? 0 };
  let attemptId: string | undefined;
  try {
    const answer = await pool.run(task, {
      signal,
      onBegun: (begun, pid) => {
        attemptId = begun;
        onEvent({ kind: 'task-begun', ...place, attemptId: begun, pid });
      },
      onProgress: (progress) => onEvent({ kind: 'task-progress', ...place, ...progress }),
      onLog: (line) => onEvent({ kind: 'task-log', ...place, line }),
    });
    onEvent({ kind: 'task-ended', ...place, ok: true });
    return answer;
  } catch (error) {
    // A thread that was ended could not say so itself. An attempt that had ended before stays as it was, and one that failed before it
    // began is recorded too, since a phase that fails has no other place for its cause.
    const failure = toFailure(error);
    if (id !== undefined && (attemptId !== undefined || failure.code !== TASK_CANCELLED))
      await flow.world.ledger.failAttempt(id, attemptId ?? flow.world.ids.newId(), failure);
    onEvent({ kind: 'task-ended', ...place, ok: false, message: failure.message });
    throw error;
  }
}
