import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';

export type EndedProcess = {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** A Node process that runs `code` as a module. It does not outlive the test. */
export function startProcess(code: string): {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<EndedProcess>;
} {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const ended = new Promise<EndedProcess>((resolve) => {
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
  return { child, ended };
}

export function runProcess(code: string): Promise<EndedProcess> {
  return startProcess(code).ended;
}

/** Resolves when the process has written `text`; rejects when it ends without. */
export function whenItSays(started: ReturnType<typeof startProcess>, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    started.child.stdout.on('data', (data: Buffer) => {
      said += data.toString();
      if (said.includes(text)) resolve();
    });
    started.ended.then((end) => reject(new Error(`it ended without saying ${text}: ${end.stderr}`)));
  });
}
