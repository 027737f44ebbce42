import type { RecordedCall } from '../../lib/aws/requests/recorded-call.ts';

/** A policy's statement as JSON has it. */
export type PolicyStatementJson = {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
};

export type Verdict = {
  readonly allowed: boolean;
  /** Statements that matched the call on at least one of its resources. */
  readonly used: readonly PolicyStatementJson[];
};

/**
 * What IAM says of a call by identity policies alone: allowed when every resource is allowed by a statement and denied by none. Knows what
 * refold's policies are made of, and throws at anything else, rather than allow by mistake.
 */
export function evaluatePolicy(statements: readonly PolicyStatementJson[], call: RecordedCall): Verdict {
  for (const statement of statements) assertKnown(statement);
  const applying = statements.filter((statement) => namesAction(statement, call.action) && holds(statement, call));
  const matching = (resource: string) => applying.filter((statement) => namesResource(statement, resource));
  const verdicts = call.resources.map((resource) => {
    const effects = matching(resource).map(({ Effect }) => Effect);
    return effects.includes('Allow') && !effects.includes('Deny');
  });
  return {
    allowed: verdicts.length > 0 && verdicts.every(Boolean),
    used: applying.filter((statement) => call.resources.some((resource) => namesResource(statement, resource))),
  };
}

const KNOWN_FIELDS = new Set(['Sid', 'Effect', 'Action', 'Resource', 'Condition']);

function assertKnown(statement: PolicyStatementJson): void {
  const unknown = Object.keys(statement).find((field) => !KNOWN_FIELDS.has(field));
  if (unknown !== undefined) throw new Error(`The evaluator does not know the field ${unknown} of a statement.`);
}

/** Actions are compared without case, as IAM does. */
function namesAction({ Action }: PolicyStatementJson, action: string): boolean {
  return listOf(Action).some((pattern) => isLike(action.toLowerCase(), pattern.toLowerCase()));
}

function namesResource({ Resource }: PolicyStatementJson, resource: string): boolean {
  return listOf(Resource).some((pattern) => isLike(resource, pattern));
}

/** All operators and keys of a condition must hold; of the values of one key, any. */
function holds({ Condition = {} }: PolicyStatementJson, call: RecordedCall): boolean {
  const context: Readonly<Record<string, string | undefined>> = { 's3:prefix': call.prefix };
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, patterns]) => {
      if (!Object.hasOwn(context, key)) throw new Error(`The evaluator does not know the condition key ${key}.`);
      const value = context[key];
      if (value === undefined) return operator.endsWith('IfExists');
      return listOf(patterns).some((pattern) => compare(operator.replace(/IfExists$/, ''), value, pattern));
    }),
  );
}

function compare(operator: string, value: string, pattern: string): boolean {
  if (operator === 'StringEquals') return value === pattern;
  if (operator === 'StringLike') return isLike(value, pattern);
  throw new Error(`The evaluator does not know the condition operator ${operator}.`);
}

/** `*` is any text, also with `/` and `:`; `?` any character. */
export function isLike(text: string, pattern: string): boolean {
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, (character) =>
    character === '*' ? '[^]*' : character === '?' ? '[^]' : `\\${character}`,
  );
  return new RegExp(`^${source}$`).test(text);
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
