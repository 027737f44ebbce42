import { type Duration, RemovalPolicy, type Size } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, type ILayerVersion, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { checkEnvironmentSize } from './environment-size.ts';
import type { FunctionRole } from './statement.ts';

/** What a function of the stack is, apart from what all have in common. */
export type FunctionKind = {
  /** As the stack's outputs and the state machine call it, such as `map4096`. */
  readonly name: string;
  readonly role: FunctionRole;
  /** File of the asset, without `.js`, that exports `handler`. */
  readonly file: string;
  readonly memoryMb: number;
  readonly timeout: Duration;
  /** Does it run user code? Then it gets the user's environment, secrets and layers, and scratch space. */
  readonly runsUserCode: boolean;
  readonly environment: Readonly<Record<string, string>>;
};

export type FunctionsOptions = {
  readonly code: Code;
  readonly environment: Readonly<Record<string, string>>;
  readonly userEnvironment: Readonly<Record<string, string>>;
  readonly layers: readonly ILayerVersion[];
  readonly scratch: Size;
  readonly logRetention: RetentionDays;
  readonly vpc: FunctionVpc | undefined;
};

export type FunctionVpc = {
  readonly vpc: IVpc;
  /** @default - the private subnets */
  readonly subnets?: SubnetSelection;
  /** @default - one of its own, which lets everything out */
  readonly securityGroups?: ISecurityGroup[];
};

/** What Lambda itself asks of a role in a VPC. The actions know no resources, or name interfaces that do not exist yet. */
const VPC_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/** The functions, each with its log group, and a role each. Policies are not made here: see role-policies.ts. */
export class Functions extends Construct {
  readonly byName: Readonly<Record<string, LambdaFunction>>;
  readonly roles: Readonly<Record<FunctionRole, Role>>;
  /** `arn:…:log-group:/aws/lambda/…:*`, by role. */
  readonly logArns: Readonly<Partial<Record<FunctionRole, readonly string[]>>>;

  constructor(scope: Construct, kinds: readonly FunctionKind[], options: FunctionsOptions) {
    super(scope, 'Functions');
    const roles: Partial<Record<FunctionRole, Role>> = {};
    const byName: Record<string, LambdaFunction> = {};
    const logArns: Partial<Record<FunctionRole, readonly string[]>> = {};
    for (const kind of kinds) {
      roles[kind.role] ??= this.createRole(kind.role, options);
      const lambda = this.createFunction(kind, roles[kind.role]!, options);
      byName[kind.name] = lambda;
      logArns[kind.role] = [...(logArns[kind.role] ?? []), this.createLogGroup(kind.name, lambda, options)];
    }
    this.byName = byName;
    this.roles = roles as Record<FunctionRole, Role>;
    this.logArns = logArns;
  }

  private createRole(name: FunctionRole, { vpc }: FunctionsOptions): Role {
    const network = new PolicyDocument({
      statements: [new PolicyStatement({ sid: 'JoinVpc', actions: VPC_ACTIONS, resources: ['*'] })],
    });
    const role = new Role(this, `${pascal(name)}Role`, {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `refold: what the function ${name} may do`,
      // Part of the role itself, because Lambda asks for it before any other policy is there.
      ...(vpc === undefined ? {} : { inlinePolicies: { JoinVpc: network } }),
    });
    if (vpc !== undefined) acknowledge(role, 'IAM5[Resource::*]', 'Lambda joins a VPC by actions that know no resources.');
    return role;
  }

  private createFunction(kind: FunctionKind, role: Role, options: FunctionsOptions): LambdaFunction {
    const { vpc } = options;
    const environment = {
      ...(kind.runsUserCode ? options.userEnvironment : {}),
      ...options.environment,
      ...kind.environment,
    };
    checkEnvironmentSize(kind.name, environment);
    return new LambdaFunction(this, pascal(kind.name), {
      description: `refold: ${kind.name}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: `${kind.file}.handler`,
      code: options.code,
      memorySize: kind.memoryMb,
      timeout: kind.timeout,
      role: role.withoutPolicyUpdates(),
      environment,
      ...(kind.runsUserCode ? { ephemeralStorageSize: options.scratch, layers: [...options.layers] } : {}),
      ...(vpc === undefined
        ? {}
        : {
            vpc: vpc.vpc,
            ...(vpc.subnets === undefined ? {} : { vpcSubnets: vpc.subnets }),
            ...(vpc.securityGroups === undefined ? {} : { securityGroups: vpc.securityGroups }),
          }),
    });
  }

  /** Named after the function, which writes there by itself. Retried events aside, a function is silent until the stack is whole. */
  private createLogGroup(name: string, lambda: LambdaFunction, { logRetention }: FunctionsOptions): string {
    const group = new LogGroup(this, `${pascal(name)}Logs`, {
      logGroupName: `/aws/lambda/${lambda.functionName}`,
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return group.logGroupArn;
  }
}

/** `planReduce` → `PlanReduce`, for logical ids. */
export function pascal(name: string): string {
  return `${name[0]!.toUpperCase()}${name.slice(1)}`;
}
