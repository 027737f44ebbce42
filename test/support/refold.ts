import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url));
const PIPES_CLOSE_MS = 5_000;
/** Processes that a test started are known by it, and their children inherit it. */
const MARK = 'REFOLD_TEST_MARK';

export type Ended = {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type Refusal = { readonly exitCode: number | null; readonly said: string };

export type Started = {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<Ended>;
  /** What it has written to standard error so far. */
  readonly said: () => string;
};

/** A folder of its own for one test, in which the real command runs. Everything goes when the test is over, processes first. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'refold-test-'));
  readonly #mark = randomUUID();
  #fileKibMax: number | undefined;

  constructor() {
    onTestFinished(() => {
      for (const pid of this.processes()) killNow(pid);
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string | Uint8Array): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** `job.ts`: its definition, with all that refold exports at hand. */
  writeJob(definition: string, name = 'job.ts'): string {
    return this.write(
      name,
      `import { csv, defineJob, fixed, jsonl, lines, range, rawLines, sum, count, text, type Emit } from 'refold';\n${definition}\n`,
    );
  }

  remove(name: string): void {
    rmSync(this.path(name));
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** From now on no process can make a file larger than that; without an argument, every size is allowed again. */
  limited(fileKibMax?: number): this {
    this.#fileKibMax = fileKibMax;
    return this;
  }

  /** The command line, as a process of its own. */
  start(...args: readonly string[]): Started {
    return this.startNode(MAIN, ...args);
  }

  /** Another program of the tests. */
  startNode(file: string, ...args: readonly string[]): Started {
    const limit = this.#fileKibMax === undefined ? '' : `ulimit -f ${this.#fileKibMax}; `;
    const child = spawn('bash', ['-c', `${limit}exec "$0" "$@"`, process.execPath, file, ...args], {
      cwd: this.folder,
      env: { ...process.env, [MARK]: this.#mark },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      stdout += data;
    });
    child.stderr.setEncoding('utf8').on('data', (data: string) => {
      stderr += data;
    });
    const ended = new Promise<Ended>((resolve) => {
      const end = (exitCode: number | null, signal: NodeJS.Signals | null) => resolve({ exitCode, signal, stdout, stderr });
      child.on('close', end);
      // A stray child that holds the pipes open is found by `processes`, not by a test that hangs.
      child.on('exit', (exitCode, signal) => setTimeout(() => end(exitCode, signal), PIPES_CLOSE_MS));
    });
    return { child, ended, said: () => stderr };
  }

  /** The job over `input`, into `out`. */
  async run(input: string, ...flags: readonly string[]): Promise<Ended> {
    return await this.start('run', 'job.ts', '--input', input, '--output', 'out', '--quiet', ...flags).ended;
  }

  /** Answers the output's lines of a run that must succeed. */
  async linesOf(input: string, ...flags: readonly string[]): Promise<readonly string[]> {
    const ended = await this.run(input, ...flags);
    expect(ended, ended.stderr).toMatchObject({ exitCode: 0, stderr: '' });
    expect(this.processes()).toEqual([]);
    return this.lines();
  }

  /** A run that must fail: nothing at the output, no process left. Answers what it said. */
  async refusalOf(input: string, ...flags: readonly string[]): Promise<Refusal> {
    const { exitCode, stderr, stdout } = await this.run(input, ...flags);
    expect(stdout).toBe('');
    expect(this.output()).toBeUndefined();
    expect(this.processes()).toEqual([]);
    return { exitCode, said: stderr };
  }

  /** Processes alive that this test started, and theirs. Found by their environment, which Linux shows. */
  processes(): readonly number[] {
    return listPids().filter(
      (pid) => pid !== process.pid && !isZombie(pid) && environmentOf(pid).includes(`${MARK}=${this.#mark}`),
    );
  }

  /** Follows the resident memory of this test's processes; `stop` answers the most that one of them has ever held. */
  watchMemory(): { stop(): number } {
    const peaks = new Map<number, number>();
    const look = () => {
      for (const pid of this.processes()) {
        const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readProc(pid, 'status'))?.[1];
        if (kib !== undefined) peaks.set(pid, Number(kib) * 1024);
      }
    };
    const timer = setInterval(look, 50);
    return {
      stop() {
        clearInterval(timer);
        return Math.max(0, ...peaks.values());
      },
    };
  }

  /** Names at the output path; `undefined` when nothing is there. */
  output(name = 'out'): readonly string[] | undefined {
    return existsSync(this.path(name)) ? readdirSync(this.path(name)).sort() : undefined;
  }

  /** The decoded lines of an output, part after part. */
  lines(name = 'out'): readonly string[] {
    const parts = (this.output(name) ?? []).filter((part) => part.startsWith('part-'));
    return parts.flatMap((part) =>
      readFileSync(join(this.path(name), part), 'utf8')
        .split('\n')
        .slice(0, -1),
    );
  }

  /** What lies in the folder, hidden names too. */
  names(): readonly string[] {
    return readdirSync(this.folder).sort();
  }
}

export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Polls until `condition` answers something true. The deadline is for what hangs: it decides nothing else. */
export async function until<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 50_000,
  everyMs = 2,
): Promise<T> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const answer = await condition();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

function listPids(): readonly number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function environmentOf(pid: number): string {
  return readProc(pid, 'environ');
}

function isZombie(pid: number): boolean {
  return readProc(pid, 'stat').includes(') Z');
}

/** Empty for a process that has ended since, or is another user's. */
function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
