import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromFunction } from './function-process.ts';

/** The functions of a deployment, each in a process of its own that takes one event at a time. */
export class FunctionProcesses {
  /** Everything that the functions have logged, as log streams would hold it. */
  log = '';
  /** Of each function after its last event. */
  readonly residentBytes = new Map<string, number>();
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #processes = new Map<string, ChildProcess>();

  constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#environment = environment;
  }

  /** @param file such as `plan-reduce` */
  async invoke(file: string, event: unknown): Promise<unknown> {
    const child = this.#processes.get(file) ?? this.#start(file);
    const [message, left] = await Promise.race([
      once(child, 'message').then(([received]) => [received as FromFunction, undefined] as const),
      once(child, 'exit').then(([code]) => [undefined, String(code)] as const),
      this.#send(child, event),
    ]);
    if (message === undefined) {
      this.#processes.delete(file);
      throw Object.assign(new Error(`${file} exited with ${left}: ${this.log.slice(-2000)}`), { name: 'Runtime.ExitError' });
    }
    this.residentBytes.set(file, message.residentBytes);
    if ('error' in message) throw Object.assign(new Error(message.error.message), { name: message.error.name });
    return message.answer;
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#processes.values()].map(async (child) => {
        const ended = once(child, 'exit');
        child.disconnect();
        await ended;
      }),
    );
  }

  #start(file: string): ChildProcess {
    const child = fork(fileURLToPath(new URL('./function-process.ts', import.meta.url)), [join(this.#folder, `${file}.js`)], {
      env: { ...process.env, ...this.#environment, LAMBDA_TASK_ROOT: this.#folder, AWS_LAMBDA_FUNCTION_NAME: file },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text) => (this.log += String(text)));
    this.#processes.set(file, child);
    return child;
  }

  #send(child: ChildProcess, event: unknown): Promise<never> {
    return new Promise((_, reject) => child.send(event as object, (error) => error && reject(error)));
  }
}
