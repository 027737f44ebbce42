import type { Command, Flag } from './arguments/command.ts';
import { COMMANDS } from './commands.ts';
import { EXIT_CODE_MEANINGS } from './show/exit-code.ts';

/** The help of `refold` itself. */
export async function formatOverview(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map(async (load) => (await load()).command));
  return [
    'refold: MapReduce for TypeScript, one job file, on this machine or on AWS.',
    '',
    'Usage: refold <command> [flags]',
    '',
    'Commands:',
    ...columns(commands.map(({ name, operand, summary }) => [`${name} ${operand}`.trimEnd(), summary])),
    '',
    'Examples:',
    '  refold run word-count.ts --input book.txt --output counts',
    '  cat access.log | refold run top-ips.ts | head',
    '  refold submit word-count.ts --input s3://my-logs/raw --output s3://my-results/counts',
    '',
    'Exit codes:',
    ...columns(EXIT_CODE_MEANINGS.map(([code, meaning]) => [String(code), meaning])),
    '',
    'refold <command> --help says more; refold --version.',
    '',
  ].join('\n');
}

export function formatHelp({ name, operand, summary, details, flags, examples }: Command): string {
  return [
    `${summary}`,
    '',
    ['Usage: refold', name, operand, flags.length === 0 ? '' : '[flags]'].filter((word) => word !== '').join(' '),
    ...(details === undefined ? [] : ['', details]),
    ...(flags.length === 0 ? [] : ['', 'Flags:', ...columns(flags.map((flag) => [showFlag(flag), flag.summary]))]),
    '',
    'Examples:',
    ...examples.map((example) => `  ${example}`),
    '',
  ].join('\n');
}

function showFlag({ name, value }: Flag): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`);
}
