import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const CDK_SECONDS_MAX = 240;
const OUTPUT_CHARS_SHOWN = 6_000;

/** Runs the CDK's own command line as a user would, and waits for it. @throws with what it printed when it fails */
export async function runCdk(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
  return await runProcess([join(root, 'node_modules/aws-cdk/bin/cdk'), ...args], environment);
}

/** Runs a script of the repository with this Node. @throws with what it printed when it fails */
export async function runProcess(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: CDK_SECONDS_MAX * 1000,
  });
  const printed: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => printed.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => printed.push(bytes));
  const { promise, resolve: ended, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject);
  child.on('close', ended);
  const status = await promise;
  const text = Buffer.concat(printed).toString('utf8');
  if (status === 0) return text;
  throw new Error(`node ${args.join(' ')} ended with ${status}:\n${text.slice(-OUTPUT_CHARS_SHOWN)}`);
}
