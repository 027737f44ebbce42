import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App, Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { functionKinds } from '../../cdk/function-kinds.ts';
import type { MapReduceProps } from '../../cdk/map-reduce.ts';
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

/** A stack with handlers that do nothing, so that a test needs no build. Nothing is left behind but in the system's temporary folder. */
export function synthStack(
  props: Partial<MapReduceProps> = {},
  prepare: (app: App, stack: RefoldStack) => void = () => {},
): Synthesised {
  const folder = mkdtempSync(join(tmpdir(), 'refold-synth-'));
  try {
    const handlers = writeHandlers(join(folder, 'handlers'));
    const app = new App({ outdir: join(folder, 'cdk.out'), analyticsReporting: false });
    const stack = new RefoldStack(app, 'refold-test', { ...exampleProps, handlers, ...props });
    prepare(app, stack);
    return { app, stack, template: Template.fromStack(stack) };
  } finally {
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  }
}

function writeHandlers(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  const kinds = functionKinds({ memory: {}, timeout: Duration.minutes(1), machineArn: '', triggers: [] });
  for (const { file } of kinds) writeFileSync(join(folder, `${file}.js`), 'export const handler = async () => ({});\n');
  return folder;
}
