import { RefoldError } from '../errors.ts';

/** User code emitted outside of the calls that emit was handed to, most often behind a promise that nobody awaited. */
export class LateEmitError extends RefoldError {
  override readonly name = 'LateEmitError';
  readonly code = 'REFOLD_LATE_EMIT';
  readonly retryable = false;
  readonly hint = 'Await every promise in map and reduce, and use in combine only the emit that combine gets.';
  constructor(options?: ErrorOptions) {
    super('emit was called when the call that it was handed to was over.', {}, options);
  }
}

/** A getter of an emitted object emitted in its turn, while the object was being encoded. */
export class NestedEmitError extends RefoldError {
  override readonly name = 'NestedEmitError';
  readonly code = 'REFOLD_NESTED_EMIT';
  readonly retryable = false;
  readonly hint = 'Emit plain data: objects whose getters do not emit.';
  constructor(options?: ErrorOptions) {
    super('emit was called while another pair was being encoded.', {}, options);
  }
}

/**
 * Whether user code may emit just now, and the first error that emitting met though user code swallowed it. One an output; hot paths look
 * at `isOpen` alone.
 */
export class EmitGate {
  /** False while the output is written, while a pair is encoded, and for good after a failure. */
  isOpen = true;
  failure: unknown;
  private isEncoding = false;

  /** Why no pair can be taken. @throws the failure, LateEmitError, NestedEmitError */
  refuse(): never {
    throw this.keep(this.isEncoding ? new NestedEmitError() : new LateEmitError());
  }

  /** Remembers the first failure, closes for good, and answers that failure, to be thrown. */
  keep(error: unknown): unknown {
    this.failure ??= error;
    this.isOpen = false;
    return this.failure;
  }

  /** @throws the failure */
  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  close(): void {
    this.isOpen = false;
  }

  /** Unless it failed. */
  reopen(): void {
    this.isOpen = this.failure === undefined;
  }

  /** Around encoding that may run getters of user code. */
  beginEncoding(): void {
    this.isOpen = false;
    this.isEncoding = true;
  }

  endEncoding(): void {
    this.isEncoding = false;
    this.isOpen = this.failure === undefined;
  }
}
