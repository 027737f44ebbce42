import { describe, expect, it, onTestFinished } from 'vitest';
import { parseArguments } from '../../lib/cli/arguments/parse-arguments.ts';
import { namedStack, repeatFlags, stackOf, useAccount } from '../../lib/cli/arguments/stack-flags.ts';
import { readSubmission, command as submit } from '../../lib/cli/commands/submit.ts';
import { readTask } from '../../lib/cli/stack/log-line.ts';
import { billRows, billTotal, showUsd } from '../../lib/cli/stack/show-cost.ts';
import { Workplace } from '../support/refold.ts';
import { givenFlags } from './memory-stack.ts';

function withEnvironment(values: Readonly<Record<string, string | undefined>>): void {
  const before = { ...process.env };
  onTestFinished(() => {
    process.env = before;
  });
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

describe('the stack that is meant', () => {
  it('is that of --stack, else of REFOLD_STACK, else none or refold', () => {
    withEnvironment({ REFOLD_STACK: undefined });
    expect([namedStack(givenFlags()), stackOf(givenFlags())]).toEqual([undefined, 'refold']);
    process.env.REFOLD_STACK = 'ours';
    expect([namedStack(givenFlags()), stackOf(givenFlags([], { stack: 'mine' }))]).toEqual(['ours', 'mine']);
    process.env.REFOLD_STACK = '';
    expect(namedStack(givenFlags())).toBeUndefined();
  });

  it('lies in the account of --profile and --region, whatever keys the environment holds', () => {
    withEnvironment({ AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_PROFILE: undefined, AWS_REGION: 'us-east-1' });
    const given = givenFlags([], { profile: 'work', region: 'eu-west-1', stack: 'mine' });
    useAccount(given);
    const { AWS_PROFILE, AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID } = process.env;
    expect([AWS_PROFILE, AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID]).toEqual([
      'work',
      'eu-west-1',
      'eu-west-1',
      undefined,
    ]);
    expect(repeatFlags(given)).toBe(' --stack mine --profile work --region eu-west-1');
  });

  it('is named in each command that is shown, since without it cat, resume and cancel would mean this folder', () => {
    withEnvironment({ REFOLD_STACK: undefined });
    expect(repeatFlags(givenFlags())).toBe(' --stack refold');
    withEnvironment({ REFOLD_STACK: 'ours' });
    expect([repeatFlags(givenFlags()), repeatFlags(givenFlags([], { stack: 'refold' }))]).toEqual(['', ' --stack refold']);
  });
});

describe('what submit is given', () => {
  const read = async (...args: readonly string[]) => readSubmission(await parseArguments(submit, ['job.ts', ...args]));

  it('is a job over locations on S3, with its options', async () => {
    const given = ['--input', 'v=s3://in/v', '--input', 'p=s3://in/p.csv', '--output', 's3://out/x', '--budget-usd', '5'];
    expect(await read(...given, '--param', 'least=3')).toMatchObject({
      jobFile: 'job.ts',
      inputs: { v: 's3://in/v', p: 's3://in/p.csv' },
      output: 's3://out/x',
      params: { least: '3' },
      options: { budgetUsd: 5 },
    });
  });

  it.each([
    { args: ['--output', 's3://out/x'], problem: 'There is no input.' },
    { args: ['--input', 'logs', '--output', 's3://out/x'], problem: 'The input logs is not on S3.' },
    { args: ['--input', 's3://in/x'], problem: 'There is no output.' },
    { args: ['--input', 's3://in/x', '--output', 'counts'], problem: 'The output counts is not on S3.' },
  ])('is refused: $problem', async ({ args, problem }) => {
    await expect(read(...args)).rejects.toThrow(problem);
  });
});

describe('prices', () => {
  it('are shown with the digits that count', () => {
    expect([0, 1e-9, 0.0000042, 0.00423, 0.1234, 1, 1234.5].map(showUsd)).toEqual([
      '$0',
      '<$0.000001',
      '$0.0000042',
      '$0.0042',
      '$0.12',
      '$1.00',
      '$1,234.50',
    ]);
  });

  it('are a range, item by item, the dearest first', () => {
    const low = {
      usd: 0.3,
      items: [
        { item: 'A', quantity: 1, unit: 'x', usd: 0.1 },
        { item: 'Bee', quantity: 2000, unit: 'y', usd: 0.2 },
      ],
    };
    const high = {
      usd: 0.4,
      items: [
        { item: 'A', quantity: 1, unit: 'x', usd: 0.1 },
        { item: 'Bee', quantity: 3000, unit: 'y', usd: 0.3 },
      ],
    };
    const bill = { low, high, notes: ['a note'] };
    expect(billTotal(bill)).toBe('about $0.30 to $0.40');
    expect(billRows(bill)).toEqual([
      ['price', 'about $0.30 to $0.40'],
      ['', 'Bee  $0.20 to $0.30  2,000 to 3,000 y'],
      ['', 'A             $0.10  1 x'],
      ['', 'a note'],
      ['', 'a range because nobody knows what the code will do: as cheap as counting, as dear as sorting'],
    ]);
    expect(billRows({ low, high: low, notes: ['a note'] }).at(-1)).toEqual(['', 'a note']);
  });
});

describe('tasks in logs', () => {
  it('are named as the log names them', () => {
    expect(readTask('map-17')).toEqual({ role: 'map', index: 17, step: undefined });
    expect(readTask('2/reduce-0')).toEqual({ role: 'reduce', index: 0, step: 1 });
    for (const text of ['17', 'map', '0/map-1', 'mop-1']) expect(() => readTask(text)).toThrow(`${text} is no task.`);
  });
});

describe('the real program', () => {
  it('runs a job over files without loading the AWS clients, and loads them for s3:// alone', async () => {
    const place = new Workplace();
    place.writeJob('export default defineJob({ map(line, emit: Emit<string, number>) { emit(line, 1); }, reduce: sum() });');
    place.write('in.txt', 'a\nb\na\n'.repeat(20));
    const hook = `import { registerHooks } from 'node:module';
registerHooks({ resolve(specifier, context, next) {
  if (specifier.startsWith('@aws-sdk/')) process._rawDebug('LOADED ' + specifier);
  return next(specifier, context);
} });`;
    withEnvironment({
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(hook)}`,
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_REGION: undefined,
      AWS_DEFAULT_REGION: undefined,
      AWS_CONFIG_FILE: place.path('none'),
      AWS_SHARED_CREDENTIALS_FILE: place.path('none'),
    });
    const flags = ['--solo-bytes', '0', '--split-bytes', '16', '--workers', '2'];
    const local = await place.start('run', 'job.ts', '--input', 'in.txt', ...flags).ended;
    expect(local.exitCode, local.stderr).toBe(0);
    expect(local.stderr).not.toContain('LOADED');
    const remote = await place.start('run', 'job.ts', '--input', 's3://somewhere/x').ended;
    expect(remote.stderr).toContain('LOADED @aws-sdk/client-s3');
    expect(remote.stderr).toMatch(/^error REFOLD_AWS_REGION .*\n {2}what .*\n(?: {2}why .*\n)? {2}do {4}Set AWS_REGION/m);
    expect(remote.exitCode).toBe(2);
  });

  it.each([
    { args: ['run', 'job.ts', '--input', 'in.txt', '--output', 's3://b/x'], says: 'The output s3://b/x is on S3' },
    { args: ['resume', '--detach'], says: '--detach is for jobs on a stack.' },
    { args: ['destroy', '--region', 'us-east-1', '--stack', '?'], says: '"?" is no name of a stack.' },
    { args: ['deploy'], says: 'deploy needs --input.' },
  ])('refuses $args with exit code 2', async ({ args, says }) => {
    const { exitCode, stderr } = await new Workplace().start(...args).ended;
    expect(exitCode).toBe(2);
    expect(stderr).toContain(says);
  });
});
