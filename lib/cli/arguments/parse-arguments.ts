import { parseArgs } from 'node:util';
import type { Command, Flag } from './command.ts';
import { UsageError, unknownName } from './usage-error.ts';

/** What the command line gives a command. */
export class GivenArguments {
  /** In the order in which they were given; one at most, but for a command that takes several. */
  readonly operands: readonly string[];
  readonly values: ReadonlyMap<string, readonly string[]>;

  constructor(operands: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.operands = operands;
    this.values = values;
  }

  get operand(): string | undefined {
    return this.operands[0];
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  /** The value of a flag that is given at most once. */
  text(name: string): string | undefined {
    return this.values.get(name)?.[0];
  }

  all(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }
}

/** @throws UsageError */
export async function parseArguments(command: Command, args: readonly string[]): Promise<GivenArguments> {
  const flags = new Map(command.flags.map((flag) => [flag.name, flag]));
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      command.flags.map(({ name, value }) => [name, { type: value === undefined ? 'boolean' : 'string' }] as const),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const operands: string[] = [];
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = flags.get(token.name);
    if (flag === undefined || !token.rawName.startsWith('--')) {
      throw await unknownName(
        `flag of refold ${command.name}`,
        token.rawName,
        [...flags.keys()].map((name) => `--${name}`),
        seeHelp(command),
      );
    }
    const value = readValue(command, flag, token);
    const held = values.get(flag.name);
    if (held !== undefined && flag.repeats !== true && flag.value !== undefined) {
      throw new UsageError({ problem: `--${flag.name} is given twice.`, hint: 'Give it once.' });
    }
    values.set(flag.name, [...(held ?? []), value]);
  }
  checkOperands(command, operands);
  return new GivenArguments(operands, values);
}

type OptionToken = { readonly value: string | undefined; readonly inlineValue: boolean | undefined };

function readValue(command: Command, flag: Flag, { value, inlineValue }: OptionToken): string {
  if (flag.value === undefined) {
    if (value === undefined) return '';
    throw new UsageError({ problem: `--${flag.name} takes no value.`, hint: `Write --${flag.name} alone.` });
  }
  const isNextFlag = value !== undefined && inlineValue !== true && value.length > 1 && value.startsWith('-');
  if (value === undefined || isNextFlag) {
    throw new UsageError({
      problem: `--${flag.name} needs a value.`,
      hint: `Write --${flag.name} ${flag.value}. ${seeHelp(command)}`,
    });
  }
  return value;
}

function checkOperands(command: Command, operands: readonly string[]): void {
  const { name, operand } = command;
  const mostOperands = operand === '' ? 0 : operand.endsWith(' …]') ? Number.POSITIVE_INFINITY : 1;
  if (operands.length > mostOperands) {
    throw new UsageError({
      problem: `${JSON.stringify(operands[mostOperands])} is one argument too many.`,
      hint: `${`Write: refold ${name} ${operand}`.trimEnd()}. Quote a glob, so that the shell leaves it alone.`,
    });
  }
  if (operands.length === 0 && operand.startsWith('<')) {
    throw new UsageError({ problem: `refold ${name} needs ${operand}.`, hint: seeHelp(command) });
  }
}

function seeHelp({ name }: Command): string {
  return `See refold ${name} --help.`;
}
