import type { AttemptControl } from './attempt-control.ts';
import { Counters } from './counters.ts';
import type { Params } from './define-job.ts';
import type { Counter, Position, TaskContext } from './task-context.ts';

const LOG_LINES_MAX = 1_000;

/** The `task` that user code gets; one an attempt. */
export class AttemptContext implements TaskContext<Params> {
  readonly params: Params;
  readonly signal: AbortSignal;
  readonly attempt: number;
  readonly index: number;
  readonly counters = new Counters();
  /** Changed by the engine as it goes from input to input. */
  input = '';
  private readonly control: AttemptControl;
  /** Shared by all tasks of `contextAt`. */
  private readonly logged = { lines: 0 };

  constructor(control: AttemptControl, values: { readonly params: Params; readonly attempt: number; readonly index: number }) {
    this.control = control;
    this.params = values.params;
    this.signal = control.signal;
    this.attempt = values.attempt;
    this.index = values.index;
  }

  get position(): Position | undefined {
    const inHand = this.control.cursor.inHand();
    return inHand.kind === 'record' ? { object: inHand.object, byte: inHand.byte, record: inHand.record } : undefined;
  }

  counter(name: string): Counter {
    return this.counters.counter(name);
  }

  log(message: string): void {
    const lines = ++this.logged.lines;
    if (lines <= LOG_LINES_MAX) this.control.onLog?.(message);
    if (lines === LOG_LINES_MAX) this.control.onLog?.(`(more than ${LOG_LINES_MAX} lines: the rest of this attempt is dropped)`);
  }
}

/** The same task while several records are in flight: each call knows its own record. */
export function contextAt(context: AttemptContext, position: Position): TaskContext<Params> {
  return Object.create(context, { position: { value: position } }) as TaskContext<Params>;
}
