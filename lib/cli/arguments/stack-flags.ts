import { DEFAULT_STACK } from '../../aws/stack/default-stack.ts';
import type { Flag } from './command.ts';
import type { GivenArguments } from './parse-arguments.ts';
import { UsageError } from './usage-error.ts';

/** Which account is meant; all else (keys, SSO, endpoints) comes from where the AWS tools take it. */
export const ACCOUNT_FLAGS: readonly Flag[] = [
  { name: 'profile', value: 'NAME', summary: 'profile of the AWS configuration, as AWS_PROFILE' },
  { name: 'region', value: 'REGION', summary: 'AWS region, as AWS_REGION' },
];

/** Of commands that are for a deployed stack alone. */
export const STACK_FLAGS: readonly Flag[] = [
  { name: 'stack', value: 'NAME', summary: `the deployed stack, as REFOLD_STACK; ${DEFAULT_STACK} when neither is given` },
  ...ACCOUNT_FLAGS,
];

/** Of commands that look at this folder unless a stack is named. */
export const OPTIONAL_STACK_FLAGS: readonly Flag[] = [
  { name: 'stack', value: 'NAME', summary: 'of a deployed stack instead of this folder; or set REFOLD_STACK' },
  ...ACCOUNT_FLAGS,
];

/** The stack that is named; undefined when none is, which means this machine. @throws UsageError */
export function namedStack(given: GivenArguments): string | undefined {
  const name = given.text('stack') ?? process.env.REFOLD_STACK;
  if (name === undefined || name === '') return undefined;
  if (/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(name)) return name;
  const hint = 'Stack names begin with a letter and hold letters, digits and hyphens, 128 at most.';
  throw new UsageError({ problem: `${JSON.stringify(name)} is no name of a stack.`, hint });
}

export function stackOf(given: GivenArguments): string {
  return namedStack(given) ?? DEFAULT_STACK;
}

/** Tells the SDK, the CDK and every process that is started the account that is meant: all of them read the environment. */
export function useAccount(given: GivenArguments): void {
  const profile = given.text('profile');
  const region = given.text('region');
  if (profile !== undefined) {
    // Keys in the environment would win over the profile, and the account be another than the one that was asked for.
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) delete process.env[name];
    process.env.AWS_PROFILE = profile;
  }
  if (region !== undefined) {
    process.env.AWS_REGION = region;
    process.env.AWS_DEFAULT_REGION = region;
  }
}

/**
 * What `--stack`, `--profile` and `--region` add to a command that is shown to be typed next. The default stack is named too: half of the
 * commands mean this folder without one.
 */
export function repeatFlags(given: GivenArguments): string {
  const stack = stackOf(given);
  const flags = ['profile', 'region'].map((name) => [name, given.text(name)] as const);
  return [['stack', stack === process.env.REFOLD_STACK ? undefined : stack] as const, ...flags]
    .flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${value}`]))
    .join('');
}
