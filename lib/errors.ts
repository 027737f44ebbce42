/** Plain data that an error carries across process and Lambda borders. */
export type ErrorValues = Readonly<Record<string, string | number | boolean | null>>;

/** An error as it travels and as the ledger keeps it: at most 2 KB as JSON. */
export type Failure = {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly retryable: boolean;
  readonly values?: ErrorValues;
};

export abstract class RefoldError extends Error {
  /** Stable for ever: documented, searched for, matched by code. Messages may change. */
  abstract readonly code: `REFOLD_${string}`;
  /** Can another attempt on the same input succeed? The coordinator decides; nothing else retries. */
  abstract readonly retryable: boolean;
  /** One imperative sentence for the person at the terminal. */
  abstract readonly hint: string;
  readonly values: ErrorValues;

  constructor(message: string, values: ErrorValues = {}, options?: ErrorOptions) {
    super(message, options);
    this.values = values;
  }
}

/** A broken invariant stops the attempt: no answer is better than a wrong one. */
export class InvariantError extends RefoldError {
  override readonly name = 'InvariantError';
  readonly code = 'REFOLD_INVARIANT';
  readonly retryable = false;
  readonly hint = 'This is a bug in refold: please report it with the message above.';
}

/** On in production. `why` says why the condition must hold. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new InvariantError(why);
}

export function assertNever(value: never): never {
  throw new InvariantError(`unexpected ${JSON.stringify(value)}`);
}

export class ObjectMissingError extends RefoldError {
  override readonly name = 'ObjectMissingError';
  readonly code = 'REFOLD_OBJECT_MISSING';
  readonly retryable = true;
  readonly hint = 'Run the same command again: what is missing is made anew.';
  constructor(values: { key: string }, options?: ErrorOptions) {
    super(`${values.key} is not in the work area.`, values, options);
  }
}

export class InputMissingError extends RefoldError {
  override readonly name = 'InputMissingError';
  readonly code = 'REFOLD_INPUT_MISSING';
  readonly retryable = false;
  readonly hint: string;
  constructor(values: { location: string; hint?: string }, options?: ErrorOptions) {
    const { location, hint = 'Check the path or the glob given to --input.' } = values;
    super(`${location}: no such file or folder, or the glob matches nothing.`, { location }, options);
    this.hint = hint;
  }
}

export class InputUnreadableError extends RefoldError {
  override readonly name = 'InputUnreadableError';
  readonly code = 'REFOLD_INPUT_UNREADABLE';
  readonly retryable = false;
  readonly hint = 'Check the permissions of the file.';
  constructor(values: { key: string; reason: string }, options?: ErrorOptions) {
    super(`${values.key} cannot be read: ${values.reason}.`, values, options);
  }
}

export class InputChangedError extends RefoldError {
  override readonly name = 'InputChangedError';
  readonly code = 'REFOLD_INPUT_CHANGED';
  readonly retryable = false;
  readonly hint = 'Run the command again: the changed input is a new job.';
  constructor(values: { key: string; expected: string; found: string }, options?: ErrorOptions) {
    super(`${values.key} changed while the job ran: planned as ${values.expected}, found ${values.found}.`, values, options);
  }
}

export class OutputUnwritableError extends RefoldError {
  override readonly name = 'OutputUnwritableError';
  readonly code = 'REFOLD_OUTPUT_UNWRITABLE';
  readonly retryable = false;
  readonly hint = 'Free some space or choose another --output, then run the same command again.';
  constructor(values: { path: string; reason: string }, options?: ErrorOptions) {
    super(`${values.path} cannot be written: ${values.reason}.`, values, options);
  }
}

export class ScratchFullError extends RefoldError {
  override readonly name = 'ScratchFullError';
  readonly code = 'REFOLD_SCRATCH_FULL';
  readonly retryable = false;
  readonly hint = 'Free some space where the work area (.refold) lies, or raise --memory-bytes so that less is spilled.';
  constructor(values: { path: string; reason: string }, options?: ErrorOptions) {
    super(`Temporary file ${values.path} cannot be written: ${values.reason}.`, values, options);
  }
}

/** A record that a reader cannot make sense of. */
export class BadRecordError extends RefoldError {
  override readonly name = 'BadRecordError';
  readonly code = 'REFOLD_BAD_RECORD';
  readonly retryable = false;
  readonly hint: string;
  /** `record` is its index in the range, where the one who reads knows it. */
  constructor(values: { object: string; byte: number; record?: number; reason: string; hint: string }, options?: ErrorOptions) {
    const { object, byte, record, reason, hint } = values;
    const which = record === undefined ? 'the record' : `record ${record} of its split,`;
    super(
      `${object}: ${which} at byte ${byte}: ${reason}.`,
      { object, byte, ...(record === undefined ? {} : { record }), reason },
      options,
    );
    this.hint = hint;
  }

  /** The same, with the record's index. */
  atRecord(record: number): BadRecordError {
    const { object, byte, reason } = this.values as { object: string; byte: number; reason: string };
    return new BadRecordError({ object, byte, record, reason, hint: this.hint }, { cause: this.cause });
  }
}

/** Compressed input that is truncated or damaged. */
export class CorruptInputError extends RefoldError {
  override readonly name = 'CorruptInputError';
  readonly code = 'REFOLD_CORRUPT_INPUT';
  readonly retryable = false;
  readonly hint = 'Check the file with the tool that made it, then make it anew.';
  constructor(values: { object: string; byte: number; reason: string }, options?: ErrorOptions) {
    super(`${values.object}: at byte ${values.byte}: ${values.reason}.`, values, options);
  }
}

/** A segment, index or pairs object whose bytes are not what was committed. */
export class CorruptSegmentError extends RefoldError {
  override readonly name = 'CorruptSegmentError';
  readonly code = 'REFOLD_CORRUPT_SEGMENT';
  readonly retryable = true;
  readonly hint = 'The map task is run again by itself; check the disk if this repeats.';
  constructor(values: { key: string; byte: number; reason: string }, options?: ErrorOptions) {
    super(`${values.key}: at byte ${values.byte}: ${values.reason}.`, values, options);
  }
}

/** A key or value that has no exact encoding. `path` says where in it, such as `[1].name`. */
export class UnencodableError extends RefoldError {
  override readonly name = 'UnencodableError';
  readonly code = 'REFOLD_UNENCODABLE';
  readonly retryable = false;
  readonly hint = 'Emit keys of string, number, bigint, boolean, null, bytes or tuples of these, and plain data as values.';
  constructor(values: { what: 'key' | 'value'; reason: string }, options?: ErrorOptions) {
    super(`This ${values.what} cannot be encoded exactly: ${values.reason}.`, values, options);
  }
}

export class InvalidOptionError extends RefoldError {
  override readonly name = 'InvalidOptionError';
  readonly code = 'REFOLD_INVALID_OPTION';
  readonly retryable = false;
  readonly hint: string;
  constructor(values: { option: string; value: string; rule: string; hint?: string }, options?: ErrorOptions) {
    super(
      `${values.option}: ${values.value} is not ${values.rule}.`,
      { option: values.option, value: values.value, rule: values.rule },
      options,
    );
    this.hint = values.hint ?? 'See the table of options in docs/options.md.';
  }
}

/** The file system or bucket refuses the work area. */
export class WorkAreaError extends RefoldError {
  override readonly name = 'WorkAreaError';
  readonly code = 'REFOLD_WORK_AREA';
  readonly retryable = false;
  readonly hint =
    'Free some space or fix the permissions of the work area (.refold), or go to a folder where it can be made; then run the same command again.';
  constructor(values: { path: string; reason: string }, options?: ErrorOptions) {
    super(`The work area cannot be used at ${values.path}: ${values.reason}.`, values, options);
  }
}

/** The ledger's database can't be opened, read or written. */
export class LedgerUnusableError extends RefoldError {
  override readonly name = 'LedgerUnusableError';
  readonly code = 'REFOLD_LEDGER_UNUSABLE';
  readonly retryable = false;
  readonly hint =
    'Free some space or fix the permissions; if the file is damaged, delete the work area (.refold) and run the job anew.';
  constructor(values: { path: string; reason: string }, options?: ErrorOptions) {
    super(`The ledger ${values.path} cannot be used: ${values.reason}.`, values, options);
  }
}

/** The ledger was written by another version of refold. */
export class LedgerVersionError extends RefoldError {
  override readonly name = 'LedgerVersionError';
  readonly code = 'REFOLD_LEDGER_VERSION';
  readonly retryable = false;
  readonly hint = 'Use the version of refold that began these jobs, or delete the work area (.refold) and run them anew.';
  constructor(values: { path: string; expected: number; found: number }, options?: ErrorOptions) {
    super(`The ledger ${values.path} has format ${values.found}; this refold reads format ${values.expected}.`, values, options);
  }
}

/** A published part that is not at the output path any more. */
export class PartMissingError extends RefoldError {
  override readonly name = 'PartMissingError';
  readonly code = 'REFOLD_PART_MISSING';
  readonly retryable = false;
  readonly hint = 'Run the job again: it makes an output anew that is not whole.';
  constructor(values: { path: string }, options?: ErrorOptions) {
    super(`${values.path} is missing.`, values, options);
  }
}
