import { describe, expect, it } from 'vitest';
import { AccessDeniedError, TransientError } from '../../lib/aws/requests/aws-error.ts';
import { readInputs } from '../../lib/cli/arguments/job-flags.ts';
import { readOptions } from '../../lib/cli/arguments/option-flags.ts';
import { parseArguments } from '../../lib/cli/arguments/parse-arguments.ts';
import { parseBytes, parseCount, parseDurationMs } from '../../lib/cli/arguments/quantity.ts';
import { COMMANDS } from '../../lib/cli/commands.ts';
import { formatHelp, formatOverview } from '../../lib/cli/help.ts';
import { EXIT_CODE_MEANINGS, exitCodeOf } from '../../lib/cli/show/exit-code.ts';
import { PhaseTally } from '../../lib/cli/show/phase-tally.ts';
import { openLines } from '../../lib/cli/show/progress-lines.ts';
import { showError } from '../../lib/cli/show/show-error.ts';
import { showBytes, showCount, showDuration } from '../../lib/cli/show/show-quantity.ts';
import { JobCancelledError } from '../../lib/coordinator/job-access.ts';
import { BudgetExceededError } from '../../lib/coordinator/job-budget.ts';
import {
  BadRecordError,
  InvariantError,
  LedgerUnusableError,
  ObjectMissingError,
  OutputUnwritableError,
  PartMissingError,
  WorkAreaError,
} from '../../lib/errors.ts';
import { FailureError, toFailure } from '../../lib/job/failure.ts';
import { OPTION_NAMES } from '../../lib/job/job-options.ts';

describe('quantities', () => {
  it.each([
    ['65536', 65536],
    ['1e6', 1e6],
    ['64MiB', 64 * 2 ** 20],
    ['64MB', 64e6],
    ['1.5 gib', 1.5 * 2 ** 30],
    ['0', 0],
    ['0.1kB', 100],
    ['512B', 512],
  ])('reads the size %s', (text, bytes) => expect(parseBytes('split-bytes', text)).toBe(bytes));

  it.each([
    ['1500', 1500],
    ['5m', 300_000],
    ['30s', 30_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['1d', 86_400_000],
  ])('reads the duration %s', (text, ms) => expect(parseDurationMs('task-timeout-ms', text)).toBe(ms));

  it.each(['', '64MX', '-1', 'ten', '0.5', '1e400', '64 M iB', '0x10', 'NaN', '1e-1'])('refuses the size %j', (text) => {
    expect(() => parseBytes('split-bytes', text)).toThrow(/^split-bytes: .* is not a size/);
  });

  it('refuses units where none belong', () => {
    expect(() => parseCount('limit', '10s')).toThrow('limit: "10s" is not a whole number.');
  });

  it('shows sizes, counts and times as people write them', () => {
    expect([0, 999, 1000, 999_499, 999_999, 64e6, 1.234e12].map(showBytes)).toEqual([
      '0 B',
      '999 B',
      '1 kB',
      '999 kB',
      '1 MB',
      '64 MB',
      '1.23 TB',
    ]);
    expect([0, 999, 1000, 1234567].map(showCount)).toEqual(['0', '999', '1,000', '1,234,567']);
    expect([5, 9990, 12_345, 59_970, 245_000, 7_380_000].map(showDuration)).toEqual([
      '0.01 s',
      '9.99 s',
      '12.3 s',
      '1 min 00 s',
      '4 min 05 s',
      '2 h 03 min',
    ]);
  });
});

describe('the flags of run', () => {
  it('hold every option of a job, read by its kind', async () => {
    const { command } = await COMMANDS.run!();
    const values = [
      '--split-bytes',
      '1MiB',
      '--reduce-tasks',
      'auto',
      '--workers',
      'inline',
      '--record-timeout-ms',
      '5m',
      '--max-attempts',
      '2',
      '--budget-usd',
      '0.25',
    ];
    const given = await parseArguments(command, ['job.ts', ...values]);
    expect(readOptions(given)).toEqual({
      splitBytes: 2 ** 20,
      reduceTasks: 'auto',
      workers: 'inline',
      recordTimeoutMs: 300_000,
      maxAttempts: 2,
      budgetUsd: 0.25,
    });
    const names = command.flags.map((flag) => flag.name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()));
    for (const name of OPTION_NAMES) expect(names).toContain(name);
  });

  it('name an input only when the left side can be a name and no file is called so', () => {
    const exists = (path: string) => path === 'a=b.csv';
    expect(readInputs([], exists)).toEqual({ '': '-' });
    expect(readInputs(['a=b.csv'], exists)).toEqual({ '': 'a=b.csv' });
    expect(readInputs(['visits=v=1.csv', 'pages=p.csv'], exists)).toEqual({ visits: 'v=1.csv', pages: 'p.csv' });
    expect(readInputs(['logs/day=3/x.csv'], exists)).toEqual({ '': 'logs/day=3/x.csv' });
    expect(() => readInputs(['a=-', 'b=-'], exists)).toThrow('Standard input can be only one');
    expect(() => readInputs(['a=1', 'a=2'], exists)).toThrow('The input a is given twice.');
  });
});

describe('help', () => {
  it('shows every command with its flags and examples that it accepts', async () => {
    for (const load of Object.values(COMMANDS)) {
      const { command } = await load();
      const help = formatHelp(command);
      for (const flag of command.flags) expect(help).toContain(`--${flag.name}`);
      expect(command.examples.length).toBeGreaterThan(0);
      for (const example of command.examples) {
        const words = example
          .replace(/^.*\| (?=refold)/, '')
          .replace(/ \|.*$/, '')
          .replaceAll("'", '')
          .split(' ');
        expect(words.slice(0, 2)).toEqual(['refold', command.name]);
        await parseArguments(command, words.slice(2));
      }
    }
  });

  it('lists the exit codes', async () => {
    const overview = await formatOverview();
    for (const [code, meaning] of EXIT_CODE_MEANINGS) expect(overview).toMatch(new RegExp(`^ {2}${code} +${meaning}$`, 'm'));
    expect(exitCodeOf(new JobCancelledError({ jobId: 'j' }))).toBe(3);
    expect(exitCodeOf(new Error('x'))).toBe(1);
  });
});

describe('showError', () => {
  it('says what, why and what to do, with control characters made harmless', () => {
    const error = new BadRecordError(
      { object: 'a\u001b]0;x\u0007.csv', byte: 7, reason: 'ragged', hint: 'Fix it.' },
      { cause: new Error('deep\r') },
    );
    expect(showError(error, { jobId: 'j-1', headline: 'the job failed', more: 'refold status j-1' })).toBe(
      [
        'error REFOLD_BAD_RECORD  the job failed: j-1',
        '  what  a\\x1b]0;x\\x07.csv: the record at byte 7: ragged.',
        '  why   deep\\x0d',
        '  do    Fix it.',
        '  more  refold status j-1',
        '',
      ].join('\n'),
    );
  });

  it('says that nothing was run of what ends with 2, and of nothing else', () => {
    const reason = 'no space left';
    const values = { jobId: 'j', budgetUsd: 1, costUsd: 2 };
    const place = { path: 'p', reason };
    const call = { action: 'a', resource: 'r', reason };
    for (const error of [
      new OutputUnwritableError(place),
      new WorkAreaError(place),
      new LedgerUnusableError(place),
      new TransientError(call),
      new AccessDeniedError(call),
      new BudgetExceededError(values),
      new JobCancelledError(values),
      new PartMissingError(place),
      new ObjectMissingError({ key: 'k' }),
    ]) {
      expect(showError(error).includes('nothing was run'), error.code).toBe(exitCodeOf(error) === 2);
      // Of a task it is the failure of its job.
      if (!(error instanceof JobCancelledError || error instanceof BudgetExceededError))
        expect(exitCodeOf(new FailureError(toFailure(error))), error.code).toBe(1);
    }
    for (const error of [new OutputUnwritableError(place), new WorkAreaError(place), new LedgerUnusableError(place)])
      expect(exitCodeOf(error)).toBe(2);
    expect(exitCodeOf(new TransientError(call))).toBe(2);
    expect(exitCodeOf(new BudgetExceededError(values))).toBe(4);
  });

  it('shows the stack of what nobody foresaw, and asks for a report', () => {
    for (const error of [new TypeError('x is not a function'), new InvariantError('half')]) {
      expect(showError(error)).toMatch(/^error REFOLD_BUG .*\n {2}what {2}.*\n {8} +at .*[\s\S]*Please report it/);
    }
    expect(showError(null)).toContain('what  null');
  });
});

describe('progress', () => {
  const start = { role: 'map', step: 1, steps: 3, tasks: 10, committed: 4 } as const;
  const place = { role: 'map', step: 1 } as const;

  it('counts tasks, bytes and retries from where the phase stood', () => {
    const tally = new PhaseTally(start, 0);
    tally.add({ kind: 'task-begun', ...place, index: 5, attemptId: 'a', pid: 1 }, 0);
    tally.add({ kind: 'task-progress', ...place, index: 5, bytes: 4e6, records: 10 }, 1000);
    tally.add({ kind: 'task-progress', ...place, index: 5, bytes: 8e6, records: 20 }, 2000);
    tally.add({ kind: 'task-ended', ...place, index: 5, ok: true }, 2000);
    tally.add({ kind: 'task-ended', ...place, index: 6, ok: false }, 2000);
    expect(tally.name).toBe('step 2/3 map');
    expect(tally.describe(2000)).toBe('5/10 tasks, 4 MB/s, 10.0 s left, 1 retry');
    expect(tally.describeEnd(4000)).toBe('5/10 tasks in 4.00 s, 1 retry');
  });

  it('writes plain lines at the ends of a phase, and few between', () => {
    const lines: string[] = [];
    const view = openLines((text) => lines.push(text));
    const nowMs = performance.now();
    const tally = new PhaseTally({ ...start, step: 0, steps: 1 }, nowMs);
    view.begin(tally);
    for (const laterMs of [100, 200, 5_200, 5_300]) view.changed(tally, nowMs + laterMs);
    view.end(tally, nowMs + 6000);
    expect(lines).toEqual(['map     4/10 tasks\n', 'map     4/10 tasks\n', 'map     4/10 tasks in 6.00 s\n']);
    view.begin(new PhaseTally(start, nowMs));
    expect(lines.at(-1)).toBe('step 2/3 map 4/10 tasks\n');
  });
});
