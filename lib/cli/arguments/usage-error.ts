import { RefoldError } from '../../errors.ts';

/** The command was called wrongly: nothing has run. */
export class UsageError extends RefoldError {
  override readonly name = 'UsageError';
  readonly code = 'REFOLD_USAGE';
  readonly retryable = false;
  readonly hint: string;
  constructor(values: { problem: string; hint: string }, options?: ErrorOptions) {
    super(values.problem, { problem: values.problem }, options);
    this.hint = values.hint;
  }
}

/** `hint`, with the known name that is the fewest edits away, if it is near enough to have been meant. */
export async function unknownName(kind: string, name: string, known: readonly string[], hint: string): Promise<UsageError> {
  const { nearest } = await import('../../record/nearest.ts');
  const { default: leven } = await import('leven');
  const candidate = nearest(name, known);
  const isNear = candidate !== '' && leven(name, candidate) <= Math.max(2, name.length / 2);
  return new UsageError({ problem: `${name} is no ${kind}.`, hint: isNear ? `Did you mean ${candidate}? ${hint}` : hint });
}
