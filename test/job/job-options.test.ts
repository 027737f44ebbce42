import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../lib/errors.ts';
import { contentOptionsOf, type JobOptions, OPTION_NAMES, OPTION_RULES, resolveJobOptions } from '../../lib/job/job-options.ts';

const MIB = 1024 * 1024;
const NUMBERS = OPTION_NAMES.filter((name) => !['choice', 'dollars'].includes(OPTION_RULES[name].kind));
const CONTENT = ['splitBytes', 'reduceTasks', 'memoryBytes', 'onBadRecord', 'soloBytes'];

const resolved = (name: string, value: unknown) => resolveJobOptions(2, { [name]: value } as JobOptions);

function refusalOf(name: string, value: unknown): InvalidOptionError {
  try {
    resolved(name, value);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionError);
    return error as InvalidOptionError;
  }
  throw new Error(`${name} took ${String(value)}`);
}

describe('resolveJobOptions', () => {
  it('fills in every default, with the processors as workers', () => {
    expect(resolveJobOptions(6)).toEqual({
      splitBytes: 'auto',
      reduceTasks: 'auto',
      memoryBytes: 256 * MIB,
      onBadRecord: 'fail',
      soloBytes: 8_000_000,
      workers: 6,
      concurrency: 1,
      maxAttempts: 4,
      recordTimeoutMs: 300_000,
      taskTimeoutMs: 3_600_000,
      budgetUsd: null,
    });
  });

  it('lets later layers win, and what is undefined in them say nothing', () => {
    const job: JobOptions = { maxAttempts: 2, splitBytes: 7 };
    const commandLine = { maxAttempts: 3, splitBytes: undefined, workers: 'inline' } as unknown as JobOptions;
    expect(resolveJobOptions(6, job, commandLine)).toMatchObject({ maxAttempts: 3, splitBytes: 7, workers: 'inline' });
  });

  it('has defaults that it would take itself', () => {
    const defaults = resolveJobOptions(2);
    expect(resolveJobOptions(9, defaults)).toEqual(defaults);
  });

  it.each(NUMBERS)('takes %s from its smallest value to its largest, and nothing beyond', (name) => {
    const { smallest, largest } = OPTION_RULES[name];
    for (const value of [smallest, largest]) expect(resolved(name, value)[name]).toBe(value);
    for (const value of [smallest - 1, largest + 1]) {
      expect(refusalOf(name, value).values).toEqual({
        option: name,
        value: String(value),
        rule: `a whole number from ${smallest} to ${largest}`,
      });
    }
  });

  it.each(NUMBERS)('takes nothing for %s but a whole number, or a word of its own', (name) => {
    for (const value of [1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', '', null, true, {}, 'many']) refusalOf(name, value);
    const words = ['auto', 'inline'].filter((word) => {
      try {
        return (resolved(name, word)[name] as unknown) === word;
      } catch {
        return false;
      }
    });
    const own: Record<string, readonly string[]> = { splitBytes: ['auto'], reduceTasks: ['auto'], workers: ['inline'] };
    expect(words).toEqual(own[name] ?? []);
  });

  it('takes an amount of dollars that is no whole number as a budget, and null for none', () => {
    for (const value of [0.0001, 0.5, 12, 1e9, null]) expect(resolved('budgetUsd', value).budgetUsd).toBe(value);
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5', true, {}, 'auto']) refusalOf('budgetUsd', value);
  });

  it('knows one thing to do with a bad record', () => {
    expect(resolved('onBadRecord', 'fail').onBadRecord).toBe('fail');
    for (const value of ['skip', 'quarantine', '', 0, null]) {
      expect(refusalOf('onBadRecord', value).values['rule']).toBe('"fail"');
    }
  });
});

describe('contentOptionsOf', () => {
  it('keeps the options that are part of the job, and no others', () => {
    expect(OPTION_NAMES.filter((name) => OPTION_RULES[name].content)).toEqual(CONTENT);
    expect(Object.keys(contentOptionsOf(resolveJobOptions(2)))).toEqual(CONTENT);
    const given = { splitBytes: 5, reduceTasks: 6, memoryBytes: MIB, soloBytes: 8, workers: 9 } as const;
    expect(contentOptionsOf(resolveJobOptions(2, given))).toEqual({
      splitBytes: 5,
      reduceTasks: 6,
      memoryBytes: MIB,
      onBadRecord: 'fail',
      soloBytes: 8,
    });
  });
});
