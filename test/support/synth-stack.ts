import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { afterAll } from 'vitest';
import { functionKinds } from '../../cdk/function-kinds.ts';
import { MapReduce, type MapReduceProps } from '../../cdk/map-reduce.ts';
import { RefoldStack } from '../../cdk/stack.ts';

const examples = resolve(import.meta.dirname, '../../examples');

export const exampleProps = {
  jobs: { 'word-count': join(examples, 'word-count.ts') },
  inputs: ['s3://logs/raw/', 'input/'],
  outputs: ['s3://results/counts', 'output/'],
} as const satisfies Partial<MapReduceProps>;

export type Synthesised = {
  readonly app: App;
  readonly stack: RefoldStack;
  readonly template: Template;
};

/** A stack with handlers that do nothing, so that a test needs no build. Nothing is left behind. */
export function synthStack(
  props: Partial<MapReduceProps> = {},
  prepare: (app: App, stack: RefoldStack) => void = () => {},
): Synthesised {
  return inNewApp((app, handlers) => {
    const stack = new RefoldStack(app, 'refold-test', { ...exampleProps, handlers, ...props });
    prepare(app, stack);
    return { app, stack, template: Template.fromStack(stack) };
  });
}

/** The construct among other resources of an app: a bucket with a key of its own, a key for the work, a secret. */
export function synthInApp(
  props: Partial<MapReduceProps> = {},
  addTo: (stack: Stack) => Partial<Record<keyof MapReduceProps, unknown>> = () => ({}),
): Template {
  return inNewApp((app, handlers) => {
    const stack = new Stack(app, 'app');
    const dataKey = new Key(stack, 'DataKey');
    const data = new Bucket(stack, 'Data', { encryption: BucketEncryption.KMS, encryptionKey: dataKey }) as IBucket;
    new MapReduce(stack, 'Refold', {
      jobs: exampleProps.jobs,
      inputs: [{ bucket: data, prefix: 'in' }],
      outputs: [{ bucket: data, prefix: 'out/' }],
      key: new Key(stack, 'WorkKey'),
      secrets: { TOKEN_ARN: new Secret(stack, 'Token') as ISecret },
      environment: { MODE: 'test' },
      handlers,
      ...props,
      ...addTo(stack),
    } as MapReduceProps);
    return Template.fromStack(stack);
  });
}

const folders: string[] = [];
// And not when the process exits: vitest ends its processes by a signal.
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function inNewApp<Result>(synth: (app: App, handlers: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'refold-synth-'));
  folders.push(folder);
  const app = new App({ outdir: join(folder, 'cdk.out'), analyticsReporting: false });
  return synth(app, writeHandlers(join(folder, 'handlers')));
}

function writeHandlers(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  const none = { triggers: [], inputs: [], outputs: [] };
  const kinds = functionKinds({ memory: {}, timeout: Duration.minutes(1), machineArn: '', ...none });
  for (const { file } of kinds) writeFileSync(join(folder, `${file}.js`), 'export const handler = async () => ({});\n');
  return folder;
}

/** The statements of a role's policy, one line for each action and resource, with names in the place of what only a deployment knows. */
export function policyLines(template: Template, role: string): readonly string[] {
  const policies = Object.entries(template.findResources('AWS::IAM::Policy')).filter(([id]) =>
    id.startsWith(`Refold${role}Policy`),
  );
  return policies
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as readonly StatementJson[])
    .flatMap(({ Effect, Action, Resource, Condition }) => {
      const condition = Condition === undefined ? '' : ` if ${JSON.stringify(Condition)}`;
      return listOf(Action).flatMap((action) =>
        listOf(Resource).map((resource) => `${Effect} ${action} ${spell(resource)}${condition}`),
      );
    })
    .toSorted();
}

type StatementJson = {
  readonly Effect: string;
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Condition?: unknown;
};

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** `RefoldWork5E71AD05` is `Work`. */
export function spell(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = value as Readonly<Record<string, unknown>>;
  const name = (id: string) => id.replace(/^Refold/, '').replace(/[0-9A-F]{8}$/, '');
  if (typeof fields['Ref'] === 'string') return `<${name(fields['Ref'])}>`;
  if (Array.isArray(fields['Fn::GetAtt'])) return `<${name(fields['Fn::GetAtt'][0])}>`;
  if (Array.isArray(fields['Fn::Join'])) return (fields['Fn::Join'][1] as unknown[]).map(spell).join(fields['Fn::Join'][0]);
  return JSON.stringify(value);
}
