import { RefoldError } from '../../errors.ts';
import type { AwsRequests } from '../requests/requests.ts';
import type { AwsSettings } from '../world/aws-settings.ts';
import { describeStack } from './describe-stack.ts';

/** A deployed stack, as its outputs tell of it. */
export type Deployment = {
  readonly stack: string;
  readonly settings: AwsSettings;
  readonly stateMachineArn: string;
  /** Names of the Lambda functions by refold's names for them. */
  readonly functions: Readonly<Record<string, string>>;
  /** Where jobs may read and write: `s3://bucket/prefix`. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly jobs: readonly DeployedName[];
  /** May code be submitted that was not deployed? */
  readonly allowsPublishedCode: boolean;
  readonly facts: DeploymentFacts;
};

/** A job whose code the functions hold: its name, and how its content hash begins. */
export type DeployedName = { readonly name: string; readonly hashStart: string };

/** What prices go by. */
export type DeploymentFacts = {
  /** MB by function. */
  readonly memory: Readonly<Record<string, number>>;
  /** MB of temporary space of the functions that run tasks. */
  readonly scratchMb?: number;
};

export class StackMissingError extends RefoldError {
  override readonly name = 'StackMissingError';
  readonly code = 'REFOLD_STACK_MISSING';
  readonly retryable = false;
  readonly hint: string;
  constructor(values: { stack: string; region: string; hint?: string }, options?: ErrorOptions) {
    const { stack, region, hint = 'Deploy it with refold deploy, or name another: --stack, AWS_REGION, AWS_PROFILE.' } = values;
    super(`There is no stack ${stack} in ${region} of this account.`, { stack, region }, options);
    this.hint = hint;
  }
}

/** A stack of that name that is no refold's, or is not whole. */
export class StackUnusableError extends RefoldError {
  override readonly name = 'StackUnusableError';
  readonly code = 'REFOLD_STACK_UNUSABLE';
  readonly retryable = false;
  readonly hint = 'Check the name given with --stack, or deploy it again: refold deploy.';
  constructor(values: { stack: string; status: string; reason: string }, options?: ErrorOptions) {
    super(`The stack ${values.stack} (${values.status}) cannot be used: ${values.reason}.`, values, options);
  }
}

/** One request. @throws StackMissingError, StackUnusableError, CredentialsError, RegionMissingError, AccessDeniedError */
export async function readDeployment(requests: AwsRequests, stack: string, region: string): Promise<Deployment> {
  const description = await describeStack(requests, stack);
  if (description === undefined) throw new StackMissingError({ stack, region });
  return deploymentOf(stack, description);
}

/** Pure. @throws StackUnusableError */
export function deploymentOf(
  stack: string,
  description: { readonly status: string; readonly outputs: Readonly<Record<string, string>> },
): Deployment {
  const { status, outputs } = description;
  const refuse = (reason: string) => new StackUnusableError({ stack, status, reason });
  const text = (name: string): string => {
    const value = outputs[name];
    if (value === undefined) throw refuse(`it has no output ${name}`);
    return value;
  };
  const json = <T>(name: string): T => {
    try {
      return JSON.parse(text(name)) as T;
    } catch (error) {
      throw error instanceof RefoldError ? error : refuse(`its output ${name} is no JSON`);
    }
  };
  return {
    stack,
    settings: { workBucket: text('WorkBucket'), workPrefix: outputs['WorkPrefix'] ?? '', tableName: text('Table') },
    stateMachineArn: text('StateMachineArn'),
    functions: json('Functions'),
    inputs: json('Inputs'),
    outputs: json('Outputs'),
    jobs: namesOf(outputs['Jobs'] ?? ''),
    allowsPublishedCode: outputs['PublisherRole'] !== undefined,
    facts: json('Settings'),
  };
}

/** Of `count:0123456789abcdef,top:…`. */
function namesOf(list: string): readonly DeployedName[] {
  const pairs = list.split(',').filter((pair) => pair !== '');
  return pairs.map((pair) => ({ name: pair.slice(0, pair.lastIndexOf(':')), hashStart: pair.slice(pair.lastIndexOf(':') + 1) }));
}
