import { RefoldError } from '../../errors.ts';

/** A definition that the interpreter does not take: `where` is the path of state names, `field` the field at fault. */
export class InvalidMachineError extends RefoldError {
  override readonly name = 'InvalidMachineError';
  readonly code = 'REFOLD_INVALID_MACHINE';
  readonly retryable = false;
  readonly hint = 'This is a bug in refold: its state machine uses what its interpreter does not know.';
  constructor(values: { where: string; field: string; reason: string }) {
    super(`State machine, ${values.where}, ${values.field}: ${values.reason}.`, values);
  }
}

/** Errors that Retry and Catch never see, whatever they list. */
const TERMINAL_ERRORS: ReadonlySet<string> = new Set(['States.Runtime', 'States.DataLimitExceeded']);

/** A failed state. `cause` of the Error is what lies behind it, for debugging only: AWS does not tell it either. */
export class MachineError extends Error {
  override readonly name = 'MachineError';
  readonly error: string;
  readonly causeText: string;

  constructor(error: string, causeText: string, options?: ErrorOptions) {
    super(`${error}: ${causeText}`, options);
    this.error = error;
    this.causeText = causeText;
  }

  get terminal(): boolean {
    return TERMINAL_ERRORS.has(this.error);
  }
}
