import { RefoldError } from '../../errors.ts';
import { toFailure } from '../../job/failure.ts';
import { collectGarbage } from '../../local/job/collect-garbage.ts';
import { executeJob, type JobOutcome } from '../../local/job/execute-job.ts';
import type { TaskEvent } from '../../local/job/local-functions.ts';
import type { PreparedJob, PrepareHooks } from '../../local/job/prepare-job.ts';
import { resolveSplitBytes } from '../../split/plan-splits.ts';
import { EXIT_CODES, exitCodeOf, exitCodeOfJob } from '../show/exit-code.ts';
import { openProgressView, Progress } from '../show/progress.ts';
import { listenForSignals, type Stopping } from '../show/signals.ts';
import { printToStdout, writeToStdout } from '../show/standard-output.ts';
import { keepHeapSmall } from './small-heap.ts';

export type DriveOptions = {
  readonly overwrite: boolean;
  readonly isQuiet: boolean;
  /** One JSON object on standard output, whatever happens. */
  readonly isJson: boolean;
};

/** Runs a job from start to end before the eyes of whoever called the command; answers the exit code. */
export async function driveJob(prepare: (hooks: PrepareHooks) => Promise<PreparedJob>, options: DriveOptions): Promise<number> {
  const view = await openProgressView(options.isQuiet);
  let progress: Progress | undefined;
  let prepared: PreparedJob | undefined;
  let hasBegun = false;
  const stopping = listenForSignals(() => {
    progress?.stop();
    if (!options.isQuiet) process.stderr.write('stopping; once more to stop at once\n');
  });
  try {
    prepared = await prepare({ onSandbox: (event) => progress?.onSandbox(event) });
    if (prepared.workers !== 'inline') keepHeapSmall(mapTasksOf(prepared));
    progress = new Progress(view, prepared.world, prepared.record);
    const onStart = () => {
      hasBegun = true;
    };
    const outcome = await execute(prepared, progress, stopping, { ...options, onStart });
    const exitCode = await showOutcome(prepared, outcome, stopping, options);
    await collect(prepared);
    return exitCode;
  } catch (error) {
    progress?.stop();
    // Whoever still writes to it would keep this process waiting.
    if (prepared === undefined) process.stdin.destroy();
    return await showFailure(error, prepared, { ...options, hasBegun });
  } finally {
    stopping.close();
    await prepared?.pool.close();
  }
}

/** About how many its first step has. */
function mapTasksOf({ record }: PreparedJob): number {
  const bytes = record.inputs.reduce((sum, input) => sum + input.bytes, 0);
  return bytes / resolveSplitBytes(record.options.splitBytes, bytes);
}

/** What the job came to is said already: garbage that can't be collected changes nothing in that, and is for the next command. */
async function collect({ settings, world }: PreparedJob): Promise<void> {
  try {
    await collectGarbage(settings, world);
  } catch (error) {
    process.stderr.write(`garbage was not collected: ${toFailure(error).message}\n`);
  }
}

async function execute(
  prepared: PreparedJob,
  progress: Progress,
  stopping: Stopping,
  { overwrite, onStart }: DriveOptions & { readonly onStart: () => void },
): Promise<JobOutcome> {
  stopping.begin();
  try {
    const onEvent = (event: TaskEvent) => progress.onEvent(event);
    return await executeJob(prepared, { overwrite, signal: stopping.signal, onEvent, onStart });
  } finally {
    await progress.end();
    await prepared.pool.close();
  }
}

async function showOutcome(
  prepared: PreparedJob,
  outcome: JobOutcome,
  stopping: Stopping,
  { isQuiet, isJson }: DriveOptions,
): Promise<number> {
  const { record, world } = prepared;
  const say = (text: string): void => {
    if (!isQuiet) process.stderr.write(text);
  };
  if (outcome.kind === 'stopped') {
    say(`stopped: ${record.jobId}. Finished tasks are kept; go on with the same command, or: refold resume ${record.jobId}\n`);
    if (isJson) await printStatus(prepared);
    return stopping.exitCode() ?? EXIT_CODES.interrupted;
  }
  const where = record.toStdout ? 'standard output' : record.output;
  if (outcome.already)
    say(
      `${record.jobId} was done before: ${record.toStdout ? 'its stored result follows' : `its output is at ${where}`}. Run it anew with --new.\n`,
    );
  if (record.toStdout) {
    stopping.close();
    const { readParts } = await import('../jobs/read-parts.ts');
    await writeToStdout(readParts(world.openOutput(record.output, record.jobId), outcome.success));
  }
  if (!outcome.already && !isQuiet) {
    const { formatSummary } = await import('../show/summary.ts');
    say(formatSummary(outcome.success.receipt, { elapsedMs: performance.now(), where }));
  }
  if (isJson) await printStatus(prepared);
  return EXIT_CODES.done;
}

/** @param options.hasBegun whatever is met from then on is no mistake of the call */
async function showFailure(
  error: unknown,
  prepared: PreparedJob | undefined,
  { isJson, hasBegun }: DriveOptions & { readonly hasBegun: boolean },
): Promise<number> {
  const { showError } = await import('../show/show-error.ts');
  const exitCode = hasBegun ? exitCodeOfJob(error) : exitCodeOf(error);
  const { jobId } = prepared?.record ?? {};
  // The ledger may be what does not work.
  const known = jobId === undefined ? undefined : await prepared?.world.ledger.readJob(jobId).catch(() => undefined);
  const isFailed = exitCode === EXIT_CODES.failed && error instanceof RefoldError && hasBegun;
  process.stderr.write(
    showError(error, {
      ...(jobId === undefined || known === undefined ? {} : { jobId }),
      ...(isFailed && {
        headline: 'the job failed',
        more: `refold status ${jobId}      finished tasks are kept: refold resume ${jobId}`,
      }),
    }),
  );
  if (isJson && prepared !== undefined && known !== undefined) await printStatus(prepared, error);
  else if (isJson) await printToStdout(`${JSON.stringify({ error: toFailure(error) })}\n`);
  return exitCode;
}

async function printStatus({ world, record }: PreparedJob, error?: unknown): Promise<void> {
  const { readStatus } = await import('../../coordinator/job-status.ts');
  const { statusJson } = await import('../show/status-json.ts');
  const status = statusJson(await readStatus(world, record.jobId));
  const shown = { ...status, output: record.output, ...(error === undefined ? {} : { error: toFailure(error) }) };
  await printToStdout(`${JSON.stringify(shown)}\n`);
}
