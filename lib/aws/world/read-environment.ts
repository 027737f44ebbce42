import { RefoldError } from '../../errors.ts';
import type { AwsSettings } from './aws-settings.ts';

/** What a function of the stack is told by its environment variables. Read once a container. */
export type FunctionEnvironment = {
  readonly settings: AwsSettings;
  /** Of this very function. */
  readonly memoryBytes: number;
  /** Where jobs may read: `s3://bucket/prefix`. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Where the function's own files lie, undefined outside of Lambda. */
  readonly taskRoot: string | undefined;
  /** May code that was published by its content hash be run? */
  readonly allowsPublishedCode: boolean;
  /** Of the functions that start or look after executions; undefined elsewhere. */
  readonly stateMachineArn: string | undefined;
  /** TriggerRules of the function that starts jobs, as JSON says them. */
  readonly triggers: readonly unknown[];
};

/** A function whose environment is not that of a deployed stack. */
export class EnvironmentError extends RefoldError {
  override readonly name = 'EnvironmentError';
  readonly code = 'REFOLD_ENVIRONMENT';
  readonly retryable = false;
  readonly hint = 'Deploy the stack again: its functions get their environment from the MapReduce construct.';
  constructor(values: { variable: string; reason: string }, options?: ErrorOptions) {
    super(`The environment variable ${values.variable} ${values.reason}.`, values, options);
  }
}

/** Where Lambda says nothing: outside of it. */
const DEFAULT_MEMORY_MB = 1024;

/** @throws EnvironmentError */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): FunctionEnvironment {
  const workPrefix = variables.REFOLD_WORK_PREFIX ?? '';
  if (workPrefix !== '' && !workPrefix.endsWith('/'))
    throw new EnvironmentError({ variable: 'REFOLD_WORK_PREFIX', reason: 'must be empty or end with /' });
  return {
    settings: {
      workBucket: required(variables, 'REFOLD_WORK_BUCKET'),
      workPrefix,
      tableName: required(variables, 'REFOLD_TABLE'),
      ...(variables.REFOLD_RECORD_CALLS === '1' ? { recordCalls: true } : {}),
    },
    memoryBytes: Number(variables.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? DEFAULT_MEMORY_MB) * 2 ** 20,
    inputs: texts(variables, 'REFOLD_INPUTS'),
    outputs: texts(variables, 'REFOLD_OUTPUTS'),
    taskRoot: variables.LAMBDA_TASK_ROOT,
    allowsPublishedCode: variables.REFOLD_PUBLISHED_CODE === '1',
    stateMachineArn: variables.REFOLD_STATE_MACHINE_ARN,
    triggers: list(variables, 'REFOLD_TRIGGERS'),
  };
}

function required(variables: Readonly<Record<string, string | undefined>>, variable: string): string {
  const value = variables[variable];
  if (value === undefined || value === '') throw new EnvironmentError({ variable, reason: 'is not set' });
  return value;
}

function list(variables: Readonly<Record<string, string | undefined>>, variable: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(variables[variable] ?? '[]');
    if (Array.isArray(value)) return value;
  } catch (error) {
    throw new EnvironmentError({ variable, reason: 'is not JSON' }, { cause: error });
  }
  throw new EnvironmentError({ variable, reason: 'is not a JSON array' });
}

function texts(variables: Readonly<Record<string, string | undefined>>, variable: string): readonly string[] {
  const values = list(variables, variable);
  if (values.every((value) => typeof value === 'string')) return values;
  throw new EnvironmentError({ variable, reason: 'is not a JSON array of texts' });
}
