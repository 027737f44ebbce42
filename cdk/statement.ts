import type { ResolvedLocation } from './location.ts';

/** One role each. Rungs share the role of their function, and `sample` runs user code as `map` does. */
export type RoleName =
  | 'plan'
  | 'solo'
  | 'map'
  | 'reduce'
  | 'planReduce'
  | 'check'
  | 'commit'
  | 'markFailed'
  | 'watch'
  | 'start'
  | 'coordinator'
  | 'publisher'
  | 'submitter';

/** One statement of a role's policy, and why the role cannot do without it. */
export type Statement = {
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  readonly why: string;
  /**
   * Why no run of the e2e suite shows a call that needs it. Without one, test/e2e/deployed/least-privilege.e2e.ts fails for a statement
   * that no recorded call used; every statement is also held to test/cdk/role-policies.txt.
   */
  readonly unrecorded?: string;
};

/** ARNs and names of what the roles are let at; tokens in a stack, placeholders in the docs. */
export type PermissionFacts = {
  readonly work: ResolvedLocation;
  readonly inputs: readonly ResolvedLocation[];
  readonly outputs: readonly ResolvedLocation[];
  readonly tableArn: string;
  readonly machineArn: string;
  /** `arn:…:execution:<name>`, without a colon at its end. */
  readonly executionArn: string;
  /** Exactly those that the state machine invokes. */
  readonly invokedArns: readonly string[];
  /** Log groups of the functions of a role, with `:*`. */
  readonly logArns: Readonly<Partial<Record<RoleName, readonly string[]>>>;
  /** Undefined where nothing triggers. */
  readonly queueArn?: string;
  /** What execution ends go to that `markFailed` could not handle. */
  readonly deadLettersArn: string;
  /** Of the table, and of a work bucket that the construct makes. A bucket that is given has its own, at its place. */
  readonly keyArn?: string;
  /** Of buckets of inputs and outputs that the app knows by name only. @default none */
  readonly dataKeyArns?: readonly string[];
  /** `arn:…:stack/<name>/*`: the end is an id that nobody knows before. */
  readonly stackArn: string;
  readonly secretArns: readonly string[];
  readonly publishedCode: boolean;
  readonly tracing: boolean;
};

export const functionRoles = [
  'plan',
  'solo',
  'map',
  'reduce',
  'planReduce',
  'check',
  'commit',
  'markFailed',
  'watch',
  'start',
] as const satisfies readonly RoleName[];
export type FunctionRole = (typeof functionRoles)[number];

/** No call of a function's own. */
export const IMPLIED = 'AWS asks for it behind other calls';
/** Only after faults or races. */
export const RARE = 'called only after rare faults';
/** Not in the stack of the e2e suite. */
export const OPT_IN = 'the stack of the e2e suite is without it';
/** Lambda or Step Functions itself. */
export const OF_AWS = 'AWS itself calls in this role';

/**
 * One statement a bucket, because the prefixes of one are none of the other's. `IfExists`, because S3 asks for ListBucket without a
 * prefix when it decides between 404 and 403 for an object that is missing.
 */
export function listings(
  sid: string,
  locations: readonly ResolvedLocation[],
  why: string,
  unrecorded?: string,
): readonly Statement[] {
  const buckets = [...new Set(locations.map((location) => location.bucketArn))];
  return buckets.map((bucketArn, index) => ({
    sid: index === 0 ? sid : `${sid}${index + 1}`,
    actions: ['s3:ListBucket'],
    resources: [bucketArn],
    conditions: {
      StringLikeIfExists: {
        's3:prefix': locations.filter((location) => location.bucketArn === bucketArn).map(({ prefix }) => `${prefix}*`),
      },
    },
    why,
    ...(unrecorded === undefined ? {} : { unrecorded }),
  }));
}

/** No statement where there is nothing to name: a statement without resources is none. */
export function some(facts: readonly unknown[], statement: Statement): readonly Statement[] {
  return facts.length === 0 ? [] : [statement];
}
