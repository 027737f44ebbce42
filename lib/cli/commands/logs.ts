import { hasEnded } from '../../ports/ledger-job.ts';
import type { Command } from '../arguments/command.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { STACK_FLAGS } from '../arguments/stack-flags.ts';
import { EXIT_CODES } from '../show/exit-code.ts';
import { listenForSignals } from '../show/signals.ts';
import { writeToStdout } from '../show/standard-output.ts';
import { findStackJob } from '../stack/find-stack-job.ts';
import { formatLogLine, type LogFilter, readTask } from '../stack/log-line.ts';
import { onStack } from '../stack/on-stack.ts';
import type { StackAccess } from '../stack/stack-access.ts';

export const command: Command = {
  name: 'logs',
  operand: '[jobId]',
  summary: "Shows what a job's attempts have logged on AWS; of the newest job when none is named.",
  details:
    'One line an attempt, and what user code wrote with task.log. CloudWatch shows a line some seconds after it was written.',
  flags: [
    { name: 'follow', summary: 'go on with new lines until the job has ended' },
    { name: 'task', value: 'TASK', summary: 'of one task: map-17, reduce-3, or 2/map-17 in the second step of a chain' },
    { name: 'errors', summary: 'only what went wrong' },
    { name: 'json', summary: 'the lines as they were written' },
    ...STACK_FLAGS,
  ],
  examples: ['refold logs', 'refold logs word-count-1f0c --errors', 'refold logs word-count-1f0c --task map-17 --follow'],
  run,
};

/** Lines begin when the job was made, by a clock that may differ. */
const CLOCK_SKEW_MS = 60_000;
const END_POLL_MS = 3_000;
/** How long lines may come after the job's end: a line is late by some seconds, and looked for every ten. */
const LAST_LINES_MS = 25_000;

async function run(given: GivenArguments): Promise<number> {
  const task = given.text('task');
  const filter = { task: task === undefined ? undefined : readTask(task), errorsOnly: given.has('errors') };
  return await onStack(given, (access) => showLogs(access, given, filter));
}

export async function showLogs(access: StackAccess, given: GivenArguments, filter: LogFilter): Promise<number> {
  const { jobId, createdAtMs } = await findStackJob(access, given.operand);
  const isFollowed = given.has('follow');
  const stopping = listenForSignals(() => {});
  stopping.begin();
  const ended = new AbortController();
  const signal = AbortSignal.any([stopping.signal, ended.signal]);
  const ending = isFollowed ? abortAtEnd(access, jobId, ended, signal) : Promise.resolve();
  ending.catch(() => {}); // Told below, when the lines have stopped.
  try {
    const role = filter.task === undefined ? {} : { role: filter.task.role };
    const query = { jobId, ...role, sinceMs: createdAtMs - CLOCK_SKEW_MS, isFollowed };
    await writeToStdout(linesOf(access, query, signal, filter, given.has('json')));
    return stopping.exitCode() ?? EXIT_CODES.done;
  } finally {
    ended.abort();
    await ending;
    stopping.close();
  }
}

async function* linesOf(
  access: StackAccess,
  query: Parameters<StackAccess['readLogs']>[0],
  signal: AbortSignal,
  filter: LogFilter,
  isRaw: boolean,
): AsyncGenerator<Uint8Array> {
  for await (const line of access.readLogs(query, signal)) {
    const shown = formatLogLine(line, filter);
    if (shown !== undefined) yield Buffer.from(`${isRaw ? line.message.trimEnd() : shown}\n`);
  }
}

/** Ends the following a little after the job. Rejects with what keeps it from looking, which ends the following too. */
async function abortAtEnd({ world }: StackAccess, jobId: string, ended: AbortController, signal: AbortSignal): Promise<void> {
  try {
    while (!signal.aborted) {
      const job = await world.ledger.readJob(jobId);
      const isOver = job === undefined || hasEnded(job.state);
      await world.clock.sleep(isOver ? LAST_LINES_MS : END_POLL_MS, signal).catch(() => {});
      if (isOver) return;
    }
  } finally {
    ended.abort();
  }
}
