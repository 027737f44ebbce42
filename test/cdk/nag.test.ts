import { type App, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { synthStack } from '../support/synth-stack.ts';

const check = (app: App) => Validations.of(app).addPlugins(new AwsSolutionsChecks(app));

describe('cdk-nag', () => {
  it('finds nothing in a stack with all that there is', () => {
    const triggers = [{ job: 'word-count', prefix: 'input/', suffix: '.txt', output: 'output/{name}' }];
    expect(() => synthStack({ triggers, publishCode: true }, check)).not.toThrow();
  });

  it('finds what the stack has no reason for', () => {
    const careless = (app: App, stack: ConstructorParameters<typeof Bucket>[0]) => {
      check(app);
      new Bucket(stack, 'Careless');
    };
    expect(() => synthStack({}, careless)).toThrow('AwsSolutions-S10');
  });
});
