import type { ExecutionEnd, ExecutionState, Executions } from '../../lib/aws/start/executions.ts';
import type { MachineInput } from '../../lib/coordinator/machine-call.ts';

/** Step Functions as far as a starter sees it: a name is used once, and a repeat while it runs is the same execution. */
export class MemoryExecutions implements Executions {
  /** In the order they were started. */
  readonly started: { readonly name: string; readonly input: MachineInput }[] = [];
  readonly #states = new Map<string, ExecutionState>();

  async start(name: string, input: MachineInput): Promise<'started' | 'ended-before'> {
    const state = this.#states.get(name);
    if (state?.kind === 'ended') return 'ended-before';
    if (state === undefined) {
      this.#states.set(name, { kind: 'running' });
      this.started.push({ name, input });
    }
    return 'started';
  }

  async describe(name: string): Promise<ExecutionState> {
    return this.#states.get(name) ?? { kind: 'missing' };
  }

  async stop(name: string): Promise<void> {
    if (this.#states.get(name)?.kind === 'running') this.end(name, { status: 'ABORTED' });
  }

  /** What the machine does by itself, or its watchers to it. */
  end(name: string, end: ExecutionEnd): void {
    this.#states.set(name, { kind: 'ended', ...end });
  }

  names(): readonly string[] {
    return this.started.map(({ name }) => name);
  }
}
