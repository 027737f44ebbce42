import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { type PeakMemory, watchMemory } from './process-memory.ts';

/** A process to be timed, whole: from its start to its end. */
export type Command = {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Where standard output goes; nowhere by default. */
  readonly stdoutPath?: string;
};

export type Measurement = {
  readonly seconds: number;
  readonly memory: PeakMemory | undefined;
  /** Why there is no result: the exit code and the end of what it said; undefined when it ended with 0. */
  readonly failure: string | undefined;
};

const TIMEOUT_MS = 20 * 60_000;
const STDERR_BYTES_MAX = 2_000;
const running = new Set<ChildProcess>();

/** Runs a command to its end, or kills it and all below it after twenty minutes. */
export async function measure(command: Command): Promise<Measurement> {
  const stdout = command.stdoutPath === undefined ? 'ignore' : openSync(command.stdoutPath, 'w');
  try {
    const startedAt = process.hrtime.bigint();
    const child = spawn(command.file, command.args, {
      cwd: command.folder,
      env: { ...process.env, ...command.env },
      stdio: ['ignore', stdout, 'pipe'],
      detached: true, // A process group of its own, so that all of it can be ended.
    });
    return await untilEnd(child, startedAt);
  } finally {
    if (stdout !== 'ignore') closeSync(stdout);
  }
}

/** Ends what `measure` has running; for an interrupted bench. */
export function killMeasured(): void {
  for (const child of running) killGroup(child);
}

function untilEnd(child: ChildProcess, startedAt: bigint): Promise<Measurement> {
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-STDERR_BYTES_MAX);
  });
  return new Promise((resolve) => {
    const memory = child.pid === undefined ? undefined : watchMemory(child.pid);
    const timer = setTimeout(() => killGroup(child), TIMEOUT_MS);
    const end = (failure: string | undefined) => {
      const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
      clearTimeout(timer);
      running.delete(child);
      resolve({ seconds, memory: memory?.stop(), failure });
    };
    running.add(child);
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(code === 0 ? undefined : `exit ${code ?? signal}: ${said.trim()}`));
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}
