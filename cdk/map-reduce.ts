import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { AccountRootPrincipal, type IGrantable, type IPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ILayerVersion, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { buildStateMachine, type FunctionArns } from '../lib/coordinator/build-state-machine.ts';
import type { DeployedJobs } from '../lib/node/bundle/deployed-jobs.ts';
import { Alarms, type AlarmTargets } from './alarms.ts';
import { createDashboard } from './dashboard.ts';
import { EndRule } from './end-rule.ts';
import { packFunctionCode } from './function-code.ts';
import { functionKinds, type Memory } from './function-kinds.ts';
import { type FunctionKind, Functions, type FunctionVpc } from './functions.ts';
import { createMachineRole, JobMachine, nameMachine } from './job-machine.ts';
import { checkKeys } from './key-arns.ts';
import { createLedgerTable } from './ledger-table.ts';
import { type Location, locationUri, type ResolvedLocation, resolveLocation } from './location.ts';
import { permissionsOf } from './permissions.ts';
import { createRolePolicy, toPolicyStatement } from './role-policies.ts';
import { functionRoles, type PermissionFacts, type RoleName, type Statement } from './statement.ts';
import { checkStartable, type ResolvedTrigger, resolveTrigger, type Trigger } from './trigger-rules.ts';
import { Triggers } from './triggers.ts';
import { checkUserEnvironment } from './user-environment.ts';
import { createWorkBucket, WORK_PREFIX } from './work-bucket.ts';

export interface MapReduceProps {
  /** Job files by the jobs' names; paths are relative to the current folder. Bundled into the functions when the app is synthesised. */
  readonly jobs: Readonly<Record<string, string>>;
  /** Where jobs may read, and nowhere else. */
  readonly inputs: readonly Location[];
  /** Where jobs may write, and nowhere else. Locations are prefixes: a job's output is a path below one. */
  readonly outputs: readonly Location[];
  /** Uploads that start jobs. @default - none */
  readonly triggers?: readonly Trigger[];
  /** Sizes of the functions, in MB. @default - tasks 1769, then 4096, then 10240 when a sandbox is lost; solo 4096 */
  readonly memory?: Memory;
  /** Of one attempt at a task, up to Lambda's 15 minutes. @default - 15 minutes */
  readonly timeout?: Duration;
  /** Local disk of a sandbox, for spills and fetched ranges: 10 GiB hold what the largest tasks need and cost 1 % more. @default - 10 GiB */
  readonly scratch?: Size;
  /** Attempts of a task in all when user code fails. @default 4 */
  readonly maxAttempts?: number;
  /**
   * Keeps the jobs' work, below `work/`. One that is given keeps its own settings: it should be private, encrypted, and expire
   * `work/jobs/` and unfinished uploads. @default - one of its own, encrypted, private, by TLS only
   */
  readonly workBucket?: IBucket;
  /** How long segments stay, and with them a failed job's finished work. @default - 7 days */
  readonly workLifetime?: Duration;
  /** Encrypts the work bucket and the ledger. @default - keys of S3 and DynamoDB */
  readonly key?: IKey;
  /**
   * ARNs of the keys of inputs' and outputs' buckets that are given as text: readers may decrypt with them, writers also make data keys.
   * Of a bucket of the app its key is known. A key's own policy must allow it too. @default - none
   */
  readonly kmsKeyArns?: readonly string[];
  /** Where functions run that must reach something private. S3 and DynamoDB need gateway endpoints or a NAT there. @default - no VPC */
  readonly vpc?: FunctionVpc;
  /** For user code, which reads it from `process.env`. Names beginning with REFOLD_, POWERTOOLS_ or AWS_ are taken. @default - none */
  readonly environment?: Readonly<Record<string, string>>;
  /** User code finds the ARN of the secret in the variable of this name, and may read its value. @default - none */
  readonly secrets?: Readonly<Record<string, ISecret>>;
  /** For native modules of user code. @default - none */
  readonly layers?: readonly ILayerVersion[];
  /** More files beside the handlers: paths here by paths in the asset, such as `node_modules/sharp`. @default - none */
  readonly files?: Readonly<Record<string, string>>;
  /** Who is told of failed jobs and lost events; false makes no alarms. @default - alarms that tell nobody */
  readonly alarms?: AlarmTargets | false;
  /** @default true */
  readonly dashboard?: boolean;
  /** X-Ray for the state machine. @default false */
  readonly tracing?: boolean;
  /**
   * Lets code run that was published to the work area by its content hash, without a deployment. Makes a role for that, which `true` lets
   * the account give away, and a principal only to that one. **Who may publish may run code as the functions.** @default - no
   */
  readonly publishCode?: boolean | IPrincipal;
  /**
   * Of the work bucket and the ledger when the stack goes. A bucket must be empty to go.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, so that a first deployment that fails leaves nothing behind
   */
  readonly removalPolicy?: RemovalPolicy;
  /** @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /** Logs every call to AWS with its action and resource, for the tests of least privilege. @default false */
  readonly recordCalls?: boolean;
  /** Folder of the built handlers, for tests. @default - the package's own */
  readonly handlers?: string;
}

/** After the longest function has timed out, what it ended of has had this long to reach Step Functions: the answer was lost. */
const ANSWER_SECONDS = 60;

/** refold in a stack: deploys the functions with the jobs' code, the state machine, the ledger, and a bucket for the work. */
export class MapReduce extends Construct {
  readonly workBucket: IBucket;
  readonly table: Table;
  readonly stateMachine: StateMachine;
  /** By their names: plan, solo, sample, map, map4096, …, start. */
  readonly functions: Readonly<Record<string, LambdaFunction>>;
  /** Of the functions, the state machine (`coordinator`), and, with publishCode, the `publisher`. */
  readonly roles: Readonly<Partial<Record<RoleName, Role>>>;
  readonly permissions: Readonly<Record<RoleName, readonly Statement[]>>;
  readonly jobs: DeployedJobs;
  readonly inputs: readonly ResolvedLocation[];
  readonly outputs: readonly ResolvedLocation[];
  readonly memory: Readonly<Record<string, number>>;
  /** Of the functions that run tasks. */
  readonly scratchMb: number;
  readonly maxAttempts: number;

  constructor(scope: Construct, id: string, props: MapReduceProps) {
    super(scope, id);
    const {
      key,
      timeout = Duration.minutes(15),
      removalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      logRetention = RetentionDays.ONE_MONTH,
      workLifetime = Duration.days(7),
      scratch = Size.gibibytes(10),
      secrets = {},
      publishCode = false,
      tracing = false,
    } = props;
    this.maxAttempts = props.maxAttempts ?? 4;
    this.scratchMb = scratch.toMebibytes();
    this.workBucket = props.workBucket ?? createWorkBucket(this, { key, removalPolicy, workLifetime });
    this.table = createLedgerTable(this, { key, removalPolicy });
    this.inputs = props.inputs.map((location) => resolveLocation(location, this.workBucket));
    this.outputs = props.outputs.map((location) => resolveLocation(location, this.workBucket));
    const bounds = { own: this.workBucket, jobs: props.jobs, inputs: this.inputs, outputs: this.outputs };
    const rules = (props.triggers ?? []).map((trigger, index) => resolveTrigger(trigger, index, bounds));

    const { code, jobs } = packFunctionCode(this, { jobs: props.jobs, files: props.files ?? {}, handlers: props.handlers });
    for (const { rule } of rules) checkStartable(rule, jobs);
    this.jobs = jobs;
    const machineName = nameMachine(this);
    const kinds = functionKinds({
      memory: props.memory ?? {},
      timeout,
      machineArn: machineName.machineArn,
      triggers: rules.map(({ rule }) => rule),
      inputs: this.inputs.map(locationUri),
      outputs: this.outputs.map(locationUri),
    });
    const functions = new Functions(this, kinds, {
      code,
      environment: this.environment(publishCode !== false, props.recordCalls ?? false),
      userEnvironment: checkUserEnvironment(props.environment ?? {}, secrets),
      layers: props.layers ?? [],
      scratch,
      logRetention,
      vpc: props.vpc,
    });
    this.functions = functions.byName;
    this.memory = Object.fromEntries(kinds.map(({ name, memoryMb }) => [name, memoryMb]));

    const start = functions.byName['start']!;
    const triggers =
      rules.length === 0 ? undefined : this.createTriggers(rules, kinds.find(({ name }) => name === 'start')!.timeout);
    const markFailed = functions.byName['markFailed']!;
    const ends = new EndRule(this, machineName.machineArn, markFailed);
    const invoked = kinds.filter(({ role }) => role !== 'start').map(({ name }) => functions.byName[name]!.functionArn);
    const facts: PermissionFacts = {
      work: this.work(),
      inputs: this.inputs,
      outputs: this.outputs,
      tableArn: this.table.tableArn,
      machineArn: machineName.machineArn,
      executionArn: machineName.executionArn,
      invokedArns: invoked,
      logArns: functions.logArns,
      ...(triggers === undefined ? {} : { queueArn: triggers.queue.queueArn }),
      deadLettersArn: ends.deadLetters.queueArn,
      ...(key === undefined ? {} : { keyArn: key.keyArn }),
      dataKeyArns: checkKeys(props.kmsKeyArns ?? []),
      stackArn: Stack.of(this).formatArn({
        service: 'cloudformation',
        resource: 'stack',
        resourceName: `${Stack.of(this).stackName}/*`,
      }),
      secretArns: Object.values(secrets).map((secret) => secret.secretArn),
      publishedCode: publishCode !== false,
      tracing,
    };
    this.permissions = permissionsOf(facts);
    const policies = Object.fromEntries(
      functionRoles.map((name) => [name, createRolePolicy(this, name, functions.roles[name], this.permissions[name])]),
    );
    triggers?.startFrom(start).node.addDependency(policies['start']!);
    ends.keepWhatFails(policies['markFailed']!);

    const coordinator = createMachineRole(this);
    const machine = new JobMachine(this, {
      definition: this.definition(kinds),
      machineName: machineName.name,
      role: coordinator,
      logRetention,
      tracing,
    });
    // Step Functions looks at the role's right to deliver logs when the machine is made.
    machine.machine.node.addDependency(createRolePolicy(this, 'coordinator', coordinator, this.permissions.coordinator));
    this.stateMachine = machine.machine;
    const publisher = publishCode === false ? undefined : this.createPublisher(publishCode);
    this.roles = { ...functions.roles, coordinator, ...(publisher === undefined ? {} : { publisher }) };

    const deadLetters = [ends.deadLetters, ...(triggers === undefined ? [] : [triggers.deadLetters])];
    if (props.alarms !== false)
      new Alarms(this, { machine: this.stateMachine, start, markFailed, deadLetters }, props.alarms ?? {});
    if (props.dashboard !== false)
      createDashboard(this, { machine: this.stateMachine, functions: this.functions, table: this.table });
  }

  /** Lets somebody submit jobs, look at them and read their ledger: what `refold submit` does. */
  grantSubmit(grantee: IGrantable): void {
    for (const statement of this.permissions.submitter) grantee.grantPrincipal.addToPrincipalPolicy(toPolicyStatement(statement));
  }

  private environment(publishedCode: boolean, recordCalls: boolean): Record<string, string> {
    return {
      POWERTOOLS_SERVICE_NAME: 'refold',
      REFOLD_WORK_BUCKET: this.workBucket.bucketName,
      REFOLD_WORK_PREFIX: WORK_PREFIX,
      REFOLD_TABLE: this.table.tableName,
      ...(publishedCode ? { REFOLD_PUBLISHED_CODE: '1' } : {}),
      ...(recordCalls ? { REFOLD_RECORD_CALLS: '1' } : {}),
    };
  }

  private createTriggers(rules: readonly ResolvedTrigger[], startTimeout: Duration): Triggers {
    return new Triggers(this, rules, startTimeout);
  }

  private work(): ResolvedLocation {
    const { bucketName, bucketArn, encryptionKey } = this.workBucket;
    return { bucketName, bucketArn, prefix: WORK_PREFIX, ...(encryptionKey && { keyArn: encryptionKey.keyArn }) };
  }

  private definition(kinds: readonly FunctionKind[]) {
    const arn = (name: string) => this.functions[name]!.functionArn;
    const arns: FunctionArns = {
      plan: arn('plan'),
      solo: arn('solo'),
      sample: arn('sample'),
      map: arn('map'),
      planReduce: arn('planReduce'),
      reduce: arn('reduce'),
      check: arn('check'),
      commit: arn('commit'),
      markFailed: arn('markFailed'),
    };
    const names = kinds.map(({ name }) => name);
    const rungs = (role: string) => names.filter((name) => new RegExp(`^${role}\\d+$`).test(name)).map(arn);
    return buildStateMachine(arns, {
      maxAttempts: this.maxAttempts,
      rungs: { map: rungs('map'), reduce: rungs('reduce') },
      watch: arn('watch'),
      taskTimeoutSeconds: Math.max(...kinds.map((kind) => kind.timeout.toSeconds())) + ANSWER_SECONDS,
    });
  }

  private createPublisher(publishCode: true | IPrincipal): Role {
    const publisher = new Role(this, 'PublisherRole', {
      assumedBy: publishCode === true ? new AccountRootPrincipal() : publishCode,
      description: `refold: publishes code of jobs in ${Stack.of(this).stackName}, which runs as the functions`,
    });
    createRolePolicy(this, 'publisher', publisher, this.permissions.publisher);
    return publisher;
  }
}
