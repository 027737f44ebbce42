/**
 * npm run docs:iam: writes docs/iam.md from the permissions of the construct. A test holds the file to it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { permissionsOf } from '../cdk/permissions.ts';
import type { PermissionFacts, RoleName, Statement } from '../cdk/statement.ts';

const place = (name: string, prefix: string) => ({ bucketName: `‹${name}›`, bucketArn: `arn:aws:s3:::‹${name}›`, prefix });

/** A stack with everything that there is, with names in the place of what only a deployment knows. */
const facts: PermissionFacts = {
  work: place('work bucket', 'work/'),
  inputs: [{ ...place('input bucket', '‹input prefix›/'), keyArn: '‹key of the input bucket›' }],
  outputs: [{ ...place('output bucket', '‹output prefix›/'), keyArn: '‹key of the output bucket›' }],
  tableArn: '‹ledger table›',
  machineArn: '‹state machine›',
  executionArn: 'arn:aws:states:…:execution:‹machine name›',
  invokedArns: ['‹each function but start›'],
  logArns: new Proxy({}, { get: () => ['‹own log groups›'], ownKeys: () => [] }),
  queueArn: '‹queue of uploads›',
  deadLettersArn: '‹dead letters of execution ends›',
  keyArn: '‹key of the stack›',
  stackArn: 'arn:aws:cloudformation:…:stack/‹stack›/*',
  secretArns: ['‹each of the secrets›'],
  publishedCode: true,
  tracing: true,
};

const ROLES: Readonly<Record<RoleName, string>> = {
  plan: 'function `plan`',
  solo: 'function `solo`',
  map: 'functions `map`, its larger sizes, and `sample`',
  reduce: 'functions `reduce` and its larger sizes',
  planReduce: 'function `planReduce`',
  check: 'function `check`',
  commit: 'function `commit`',
  markFailed: 'function `markFailed`',
  watch: 'function `watch`',
  start: 'function `start`',
  coordinator: 'the state machine',
  publisher: 'the role of `publishCode`: submits jobs and publishes their code',
  submitter: 'whoever `grantSubmit` is called for',
};
const RECORDED: ReadonlySet<RoleName> = new Set<RoleName>([
  ...(['plan', 'solo', 'map', 'reduce', 'planReduce', 'check', 'commit', 'markFailed', 'watch', 'start'] as const),
]);

/** The page, whole. */
export function formatIamPage(): string {
  const roles = Object.entries(permissionsOf(facts)) as [RoleName, readonly Statement[]][];
  return [
    '# Who may do what',
    '',
    'Every statement of every role that refold makes, from `cdk/permissions.ts` by `npm run docs:iam`. The stack here has all options: a key,',
    'secrets, triggers, published code, X-Ray. Inputs and outputs stand for each location of the construct.',
    '',
    'Tests: **exact** is `test/cdk/permissions.test.ts`, which holds every action and resource of every role to `test/cdk/role-policies.txt`.',
    '**recorded** is `test/e2e/deployed/least-privilege.e2e.ts`: the functions log each call that they make, and it fails for a call that the',
    "role's policy does not allow, and for a statement that no call used. Where no call can show a statement, the reason stands beside it.",
    'Object keys end in `*` because jobs, tasks and attempts are named when they run.',
    ...roles.flatMap(([role, statements]) => ['', `## ${role}`, '', `${ROLES[role]}`, '', ...formatStatements(role, statements)]),
    '',
  ].join('\n');
}

function formatStatements(role: RoleName, statements: readonly Statement[]): readonly string[] {
  return [
    '| statement | actions | resources | why it is needed | fails without it |',
    '|---|---|---|---|---|',
    ...statements.map((statement) => `| ${[...cellsOf(statement), testOf(role, statement)].join(' | ')} |`),
  ];
}

function cellsOf({ sid, actions, resources, conditions, why }: Statement): readonly string[] {
  const code = (texts: readonly string[]) => texts.map((text) => `\`${text}\``).join(' ');
  const condition = conditions === undefined ? '' : ` where \`${JSON.stringify(conditions).replaceAll('|', '\\|')}\``;
  return [sid, code(actions), `${code(resources)}${condition}`, why];
}

function testOf(role: RoleName, { unrecorded }: Statement): string {
  if (!RECORDED.has(role)) return 'exact';
  return unrecorded === undefined ? 'recorded, exact' : `exact; ${unrecorded}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(join(import.meta.dirname, '..', 'docs', 'iam.md'), formatIamPage());
