import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { toFailure } from '../../job/failure.ts';
import { RecordCursor } from '../../job/record-cursor.ts';
import { loadBundle } from '../bundle/load-bundle.ts';
import { TaskCancelledError } from './sandbox-error.ts';
import type { FromThread, RunnerModule, SandboxJob, TaskOutcome, TaskRunner, ThreadData, ToThread } from './sandbox-message.ts';

/** The thread that user code runs in: it loads one job and runs its tasks, one at a time, until its supervisor ends it. */

const PROGRESS_INTERVAL_MS = 100;

const port = parentPort!;
const { cursorMemory, loadTimeoutMs } = workerData as ThreadData;
const cursor = new RecordCursor(cursorMemory);
let opening: Promise<{ readonly runner: TaskRunner; readonly job: unknown }> | undefined;
let running: AbortController | undefined;

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'prepare':
      opening = openJob(message.job);
      opening.catch(() => {}); // Every task of the job answers with it.
      break;
    case 'run':
      void runTask(message.task).then((outcome) => post({ kind: 'ended', outcome }));
      break;
    case 'cancel':
      running?.abort(new TaskCancelledError());
      break;
  }
});
post({ kind: 'ready' });

function post(message: FromThread): void {
  port.postMessage(message);
}

async function openJob({ bundlePath, jobFile, runner }: SandboxJob): Promise<{ runner: TaskRunner; job: unknown }> {
  const module = (await import(runner.module)) as RunnerModule;
  const opened = await module.openRunner(runner.settings);
  cursor.enter('load');
  try {
    return { runner: opened, job: await loadBundle(bundlePath, { jobFile, isJob: module.isJob, timeoutMs: loadTimeoutMs }) };
  } finally {
    cursor.leave();
  }
}

async function runTask(task: unknown): Promise<TaskOutcome> {
  const attemptId = randomUUID();
  running = new AbortController();
  try {
    const { runner, job } = await opening!;
    post({ kind: 'begun', attemptId });
    const answer = await runner.run(
      task,
      { attemptId, cursor, signal: running.signal, onProgress: throttledProgress(), onLog },
      job,
    );
    return { kind: 'done', answer: structuredClone(answer) };
  } catch (thrown) {
    return { kind: 'failed', failure: toFailure(thrown) };
  } finally {
    running = undefined;
    cursor.leave();
  }
}

function throttledProgress(): (progress: { bytes: number; records: number }) => void {
  let postedAtMs = -PROGRESS_INTERVAL_MS;
  return (progress) => {
    const nowMs = performance.now();
    if (nowMs - postedAtMs < PROGRESS_INTERVAL_MS) return;
    postedAtMs = nowMs;
    post({ kind: 'progress', progress });
  };
}

function onLog(line: string): void {
  post({ kind: 'log', line });
}
