import { type JobOptions, OPTION_NAMES, OPTION_RULES } from '../../job/job-options.ts';
import type { Flag } from './command.ts';
import type { GivenArguments } from './parse-arguments.ts';
import { parseBytes, parseCount, parseDollars, parseDurationMs } from './quantity.ts';

type OptionName = keyof typeof OPTION_RULES;
type OptionKind = (typeof OPTION_RULES)[OptionName]['kind'];

const VALUES: Readonly<Record<OptionKind, string>> = {
  bytes: 'SIZE',
  split: 'SIZE|auto',
  count: 'N',
  duration: 'TIME',
  workers: 'N|inline',
  tasks: 'N|auto',
  choice: 'CHOICE',
  dollars: 'USD',
};

/** A flag for every option of a job: `splitBytes` is `--split-bytes SIZE`. */
export const OPTION_FLAGS: readonly Flag[] = OPTION_NAMES.map(flagOf);
/** Those that have no say in what comes out, and so may differ from run to run of a job. */
export const RUN_OPTION_FLAGS: readonly Flag[] = OPTION_NAMES.filter((name) => !OPTION_RULES[name].content).map(flagOf);

function flagOf(name: OptionName): Flag {
  const { kind, summary } = OPTION_RULES[name];
  return { name: flagName(name), value: VALUES[kind], summary };
}

export function flagName(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The options that were given; their bounds are checked where they are resolved. @throws InvalidOptionError */
export function readOptions(given: GivenArguments): JobOptions {
  const options: Partial<Record<OptionName, number | string>> = {};
  for (const name of OPTION_NAMES) {
    const text = given.text(flagName(name));
    if (text !== undefined) options[name] = readOption(flagName(name), OPTION_RULES[name].kind, text);
  }
  return options as JobOptions;
}

function readOption(flag: string, kind: OptionKind, text: string): number | string {
  switch (kind) {
    case 'bytes':
      return parseBytes(flag, text);
    case 'split':
      return text === 'auto' ? text : parseBytes(flag, text);
    case 'duration':
      return parseDurationMs(flag, text);
    case 'count':
      return parseCount(flag, text);
    case 'workers':
      return text === 'inline' ? text : parseCount(flag, text);
    case 'tasks':
      return text === 'auto' ? text : parseCount(flag, text);
    case 'choice':
      return text;
    case 'dollars':
      return parseDollars(flag, text);
  }
}
