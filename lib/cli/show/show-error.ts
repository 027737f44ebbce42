import { RefoldError } from '../../errors.ts';
import { EXIT_CODES, exitCodeOf } from './exit-code.ts';

const LINES_MAX = 40;

/** What may be said of an error besides itself. */
export type ErrorContext = {
  /** The job that met it, once it has a name. */
  readonly jobId?: string;
  /** Such as `the job failed`. */
  readonly headline?: string;
  /** Commands that go deeper. */
  readonly more?: string;
};

/** By exit code: what says that nothing was run ends so. */
const HEADLINES: Readonly<Record<number, string>> = {
  [EXIT_CODES.usage]: 'nothing was run',
  [EXIT_CODES.cancelled]: 'the job was cancelled',
  [EXIT_CODES.overBudget]: 'the budget is used up',
};

/** An error as the person at the terminal reads it: what, why, what to do, where to look further. Ends in a line end. */
export function showError(error: unknown, context: ErrorContext = {}): string {
  return error instanceof RefoldError && error.code !== 'REFOLD_INVARIANT'
    ? showExpected(error, context)
    : showBug(error, context);
}

function showExpected(error: RefoldError, { jobId, headline, more }: ErrorContext): string {
  const title = [headline ?? HEADLINES[exitCodeOf(error)] ?? 'it failed', jobId].filter((part) => part !== undefined).join(': ');
  const [what = '', ...details] = error.message.split('\n');
  const stack = error.values.stack;
  // A stack of CloudFormation is a stack too.
  const isTrace = typeof stack === 'string' && /^\s*at /m.test(stack);
  const frames = isTrace && !error.message.includes('\n') ? stack.split('\n') : [];
  const why = error.cause instanceof Error && !isSaid(error.message, error.cause) ? [firstLine(error.cause)] : [];
  return formatError(error.code, title, [
    ['what', [what, ...details, ...frames]],
    ['why', why],
    ['do', error.hint === '' ? [] : [error.hint]],
    ['more', more === undefined ? [] : [more]],
  ]);
}

/** Errors of the system are told in words by whoever met them. Of an answer without a body the AWS SDK says `UnknownError`. */
function isSaid(message: string, cause: Error): boolean {
  return 'syscall' in cause || 'errcode' in cause || cause.message === 'UnknownError' || message.includes(firstLine(cause));
}

function firstLine(error: Error): string {
  return error.message.split('\n')[0] ?? '';
}

/** Anything that nobody foresaw: the stack is what a report needs. */
function showBug(error: unknown, { jobId }: ErrorContext): string {
  const text = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  return formatError(
    'REFOLD_BUG',
    jobId === undefined ? 'refold met an error it does not know' : `refold met an error it does not know: ${jobId}`,
    [
      ['what', text.split('\n')],
      ['do', ['Please report it with the lines above. What was finished is kept: the same command goes on from there.']],
    ],
  );
}

function formatError(code: string, title: string, sections: readonly (readonly [string, readonly string[]])[]): string {
  const lines = [`error ${code}  ${title}`];
  for (const [name, texts] of sections) {
    for (const [index, text] of texts.slice(0, LINES_MAX).entries()) {
      lines.push(`  ${(index === 0 ? name : '').padEnd(6)}${text.replace(/ +$/, '')}`);
    }
  }
  return `${lines.map(escapeControls).join('\n')}\n`;
}

/** Text from data and user code must not steer the terminal. */
export function escapeControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to escape.
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
