import { Aws, Names, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { StateMachine as Machine } from '../lib/coordinator/states.ts';
import { acknowledge } from './acknowledge.ts';

/** What the machine is called, before it is there: its own role and the functions that it calls name it. */
export type MachineName = {
  readonly name: string;
  readonly machineArn: string;
  /** `arn:…:execution:<name>` */
  readonly executionArn: string;
};

export function nameMachine(scope: Construct): MachineName {
  const name = Names.uniqueResourceName(scope, { maxLength: 60, separator: '-' });
  const arn = (kind: string) => `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:${kind}:${name}`;
  return { name, machineArn: arn('stateMachine'), executionArn: arn('execution') };
}

export type JobMachineOptions = {
  readonly definition: Machine;
  readonly machineName: string;
  readonly role: Role;
  readonly logRetention: RetentionDays;
  readonly tracing: boolean;
};

export function createMachineRole(scope: Construct): Role {
  return new Role(scope, 'CoordinatorRole', {
    assumedBy: new ServicePrincipal('states.amazonaws.com'),
    description: 'refold: what the state machine may do',
  });
}

/** The coordinator: `buildStateMachine`'s object as it stands, in the partition of the stack. Logs errors, without data. */
export class JobMachine extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, { definition, machineName, role, logRetention, tracing }: JobMachineOptions) {
    super(scope, 'Machine');
    const destination = new LogGroup(this, 'Logs', {
      // Groups with this prefix share one resource policy, which has a limit of 5,120 characters.
      logGroupName: `/aws/vendedlogs/states/${machineName}`,
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.machine = new StateMachine(this, 'Jobs', {
      stateMachineName: machineName,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(inOwnPartition(JSON.stringify(definition))),
      role: role.withoutPolicyUpdates(),
      logs: { destination, level: LogLevel.ERROR, includeExecutionData: false },
      tracingEnabled: tracing,
    });
    acknowledge(
      this.machine,
      'SF1',
      'Logs of all events would cost a multiple of the job: the history of every execution is kept 90 days.',
    );
    if (!tracing) acknowledge(this.machine, 'SF2', 'X-Ray is a prop (tracing): attempts and their times are in the ledger.');
  }
}

/** What the states call is an ARN of Step Functions itself, which begins otherwise in China and in GovCloud. */
function inOwnPartition(definition: string): string {
  return definition.replaceAll('"arn:aws:states:::', `"arn:${Aws.PARTITION}:states:::`);
}
