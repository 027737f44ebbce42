import type { Place } from './location.ts';

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
  readonly work: Place;
  readonly inputs: readonly Place[];
  readonly outputs: readonly Place[];
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
  /** Of the work bucket and the table. */
  readonly keyArn?: string;
  /** `arn:…:stack/<name>/*`: the end is an id that nobody knows before. */
  readonly stackArn: string;
  readonly secretArns: readonly string[];
  readonly publishedCode: boolean;
  readonly tracing: boolean;
};

/** No call of a function's own. */
const IMPLIED = 'AWS asks for it behind other calls';
/** Only after faults or races. */
const RARE = 'called only after rare faults';
/** Not in the stack of the e2e suite. */
const OPT_IN = 'the stack of the e2e suite is without it';
const OF_AWS = 'AWS itself calls in this role';

const ALL_ROLES_OF_FUNCTIONS = [
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
export type FunctionRole = (typeof ALL_ROLES_OF_FUNCTIONS)[number];
export const functionRoles: readonly FunctionRole[] = ALL_ROLES_OF_FUNCTIONS;

/** Every statement of every role: the one place that says who may do what. The stack's policies and docs/iam.md are made from it. */
export function permissionsOf(facts: PermissionFacts): Readonly<Record<RoleName, readonly Statement[]>> {
  const work = workStatements(facts);
  const ledger = ledgerStatements(facts);
  const data = dataStatements(facts);
  const logs = (role: FunctionRole): readonly Statement[] => [writeLogs(facts, role)];
  const code = facts.publishedCode ? [work.readCode] : [];
  const keys = keyStatements(facts);
  const secrets = secretStatements(facts);
  const userCode = [...code, ...secrets];

  const submit = submitStatements(facts, work, ledger, data);
  const operate = [...submit, ...operateStatements(facts), ...keys.work, ...keys.inputs, ...keys.outputs];

  return {
    plan: [
      ...[
        work.read,
        ...work.find,
        work.settleRun,
        work.writePlans,
        work.writeTaskLists,
        work.dropIndex,
        ledger.read,
        ledger.change,
      ],
      ...[...data.listInputs, ...data.readInputs, readQuota],
      ...[...keys.work, ...keys.inputs, ...logs('plan')],
    ],
    solo: [
      ...[work.read, ...work.find, work.writeAttempts, work.dropAttempts, ledger.readItems, ledger.change],
      ...[...data.readInputs, ...data.findInputs, ...data.writeOutputs],
      ...[...userCode, ...keys.work, ...keys.inputs, ...keys.outputs, ...logs('solo')],
    ],
    map: [
      ...[
        work.read,
        ...work.find,
        work.writeSegments,
        work.writeBoundaries,
        work.writeAttempts,
        work.dropSegments,
        work.dropAttempts,
      ],
      ...[ledger.readItems, ledger.change, ...data.readInputs, ...data.findInputs, ...data.writeOutputs],
      ...[...userCode, ...keys.work, ...keys.inputs, ...keys.outputs, ...logs('map')],
    ],
    reduce: [
      ...[work.read, ...work.find, work.writeAttempts, work.dropAttempts, work.dropIndex, ledger.readItems, ledger.change],
      ...[...data.writeOutputs, ...userCode, ...keys.work, ...keys.outputs, ...logs('reduce')],
    ],
    planReduce: [
      ...[work.read, ...work.find, work.writeShuffle, work.writeTaskLists, work.dropIndex, ledger.read, ledger.change],
      ...[...keys.work, ...logs('planReduce')],
    ],
    check: [
      ...[work.read, ...work.find, work.writeTaskLists, work.dropIndex, ledger.read, ledger.change],
      ...[...keys.work, ...logs('check')],
    ],
    commit: [
      ...[work.read, ...work.find, work.writeReceipt, work.dropClaim, work.dropSegments, work.writeTaskLists, work.dropIndex],
      ...[ledger.read, ledger.change, ledger.releaseLease],
      ...[...data.findOutputs, ...data.readOutputs, ...data.publishOutputs, ...data.clearOutputs],
      ...[...keys.work, ...keys.outputs, ...logs('commit')],
    ],
    markFailed: [ledger.read, ledger.change, ...keys.work, ...logs('markFailed')],
    watch: [work.read, ...work.find, ledger.readTasks, ...keys.work, ...logs('watch')],
    start: [
      ...[...submit, ...(facts.queueArn === undefined ? [] : [takeEvents(facts.queueArn)])],
      ...[...keys.work, ...keys.inputs, ...keys.outputs, ...logs('start')],
    ],
    coordinator: coordinatorStatements(facts, keys.work),
    publisher: facts.publishedCode ? [work.publishCode, ...operate] : [],
    submitter: operate,
  };
}

/** What `plan` asks Lambda itself. */
const readQuota: Statement = {
  sid: 'ReadQuota',
  actions: ['lambda:GetAccountSettings'],
  resources: ['*'],
  why: 'Reads how many functions the account may run at a time: a job takes nine tenths of it. The action knows no resources.',
};

function workStatements({ work, publishedCode }: PermissionFacts) {
  const root = `${work.bucketArn}/${work.prefix}`;
  const jobs = (...patterns: readonly string[]) => patterns.map((pattern) => `${root}jobs/*${pattern}`);
  return {
    read: {
      sid: 'ReadWork',
      actions: ['s3:GetObject'],
      resources: jobs(''),
      why: "Reads job.json, the run's record, plans, splits, indexes and what attempts left.",
    },
    find: listings(
      'FindWork',
      [{ ...work, prefix: `${work.prefix}jobs/` }, ...(publishedCode ? [{ ...work, prefix: `${work.prefix}code/` }] : [])],
      'Without it S3 answers 403 where an object is missing, and what is lost could not be told from what is forbidden.',
      IMPLIED,
    ),
    settleRun: {
      sid: 'SettleRuns',
      actions: ['s3:PutObject'],
      resources: jobs('/run-*.json'),
      why: "Writes into the run's record how many tasks the account can run at a time.",
    },
    writePlans: {
      sid: 'WritePlans',
      actions: ['s3:PutObject'],
      resources: jobs('/plan.json', '/splits/*', '/solo-refused'),
      why: 'Writes the plan of a step and its splits, once, and the mark of a step that outgrew one sandbox.',
    },
    writeTaskLists: {
      sid: 'WriteTaskLists',
      actions: ['s3:PutObject'],
      resources: jobs('/map-tasks-*.json', '/reduce-tasks-*.json'),
      why: 'Writes the lists that the distributed maps of the next phase read.',
    },
    writeSegments: {
      sid: 'WriteSegments',
      actions: ['s3:PutObject', 's3:AbortMultipartUpload'],
      resources: jobs('/map/*'),
      why: 'Leaves segments, in parts when they are large, and the files of map-only attempts.',
    },
    writeBoundaries: {
      sid: 'WriteBoundaries',
      actions: ['s3:PutObject'],
      resources: jobs('/boundaries.json'),
      why: 'Writes the boundaries of range() that a sample found: samples run in this role.',
    },
    writeAttempts: {
      sid: 'WriteAttempts',
      actions: ['s3:PutObject', 's3:AbortMultipartUpload'],
      resources: jobs('/reduce/*'),
      why: 'Leaves the file of an attempt and the pairs between the steps of a chain.',
    },
    dropSegments: {
      sid: 'DropSegments',
      actions: ['s3:DeleteObject'],
      resources: jobs('/map/*'),
      why: 'Removes the segment of an attempt that lost, and all of them once the job is done.',
    },
    dropAttempts: {
      sid: 'DropAttempts',
      actions: ['s3:DeleteObject'],
      resources: jobs('/reduce/*'),
      why: 'An attempt that lost removes what it wrote.',
      unrecorded: RARE,
    },
    dropIndex: {
      sid: 'DropIndex',
      actions: ['s3:DeleteObject'],
      resources: jobs('/shuffle-*'),
      why: 'An index that is damaged is removed, so that PlanReduce makes it anew.',
      unrecorded: RARE,
    },
    writeShuffle: {
      sid: 'WriteShuffle',
      actions: ['s3:PutObject'],
      resources: jobs('/shuffle-*', '/reduce-groups.jsonl'),
      why: "Writes the generation's index and the reduce groups.",
    },
    writeReceipt: {
      sid: 'WriteReceipt',
      actions: ['s3:PutObject'],
      resources: jobs('/receipt.json', '/output-claim'),
      why: 'Claims the output before it changes, and leaves the receipt.',
    },
    dropClaim: {
      sid: 'DropClaim',
      actions: ['s3:DeleteObject'],
      resources: jobs('/output-claim'),
      why: 'A claim ends with the commit.',
    },
    openJobs: {
      sid: 'OpenJobs',
      actions: ['s3:PutObject'],
      resources: jobs('/job.json', '/run-*.json', '/output-claim'),
      why: 'Writes what a job and a run are, and claims the output.',
    },
    forgetJobs: {
      sid: 'ForgetJobs',
      actions: ['s3:DeleteObject'],
      resources: jobs(''),
      why: 'Drops an older claim, and all that is left of a job whose output is gone: it runs anew.',
      unrecorded: RARE,
    },
    readCode: {
      sid: 'ReadCode',
      actions: ['s3:GetObject'],
      resources: [`${root}code/*`],
      why: 'Loads code that was published by its content hash (publishCode).',
      unrecorded: OPT_IN,
    },
    publishCode: {
      sid: 'PublishCode',
      actions: ['s3:GetObject', 's3:PutObject'],
      resources: [`${root}code/*`],
      why: 'Publishes code by its content hash. Who has this role may run code as the task roles.',
      unrecorded: OPT_IN,
    },
  } as const satisfies Record<string, Statement | readonly Statement[]>;
}

function ledgerStatements({ tableArn }: PermissionFacts) {
  const resources = [tableArn];
  return {
    read: {
      sid: 'ReadLedger',
      actions: ['dynamodb:GetItem', 'dynamodb:Query'],
      resources,
      why: 'Reads the job and its tasks.',
    },
    readTasks: {
      sid: 'ReadLedger',
      actions: ['dynamodb:Query'],
      resources,
      why: 'Reads what the attempts of a job have used.',
    },
    readItems: {
      sid: 'ReadLedger',
      actions: ['dynamodb:GetItem'],
      resources,
      why: 'Reads the job and single tasks.',
    },
    change: {
      sid: 'ChangeLedger',
      actions: ['dynamodb:UpdateItem', 'dynamodb:PutItem'],
      resources,
      why: 'Begins, commits and fails attempts, moves the job from state to state, invalidates what is lost: conditional writes.',
    },
    releaseLease: {
      sid: 'ReleaseLease',
      actions: ['dynamodb:DeleteItem'],
      resources,
      why: 'A job that is done frees its output path.',
    },
    openJobs: {
      sid: 'OpenJobsInLedger',
      actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:ConditionCheckItem'],
      resources,
      why: 'Makes the job, takes the lease of its output, starts its run.',
    },
    forgetJobs: {
      sid: 'ForgetJobsInLedger',
      actions: ['dynamodb:BatchWriteItem', 'dynamodb:DeleteItem'],
      resources,
      why: 'Forgets a job whose output is gone, and frees the lease of one that did not start.',
      unrecorded: RARE,
    },
  } as const satisfies Record<string, Statement>;
}

/** Inputs and outputs. Empty lists make no statement: nothing may be read, or written, then. */
function dataStatements({ inputs, outputs }: PermissionFacts) {
  const missing = 'Without it S3 answers 403 where an object is missing, which then looks like a missing right.';
  return {
    readInputs: some(inputs, {
      sid: 'ReadInputs',
      actions: ['s3:GetObject'],
      resources: objectsOf(inputs),
      why: 'Reads records of the input, and the first bytes of an object to see if it is compressed.',
    }),
    listInputs: listings('ListInputs', inputs, 'Lists the input.'),
    findInputs: listings('FindInputs', inputs, missing, IMPLIED),
    writeOutputs: some(outputs, {
      sid: 'WriteOutputs',
      actions: ['s3:PutObject', 's3:AbortMultipartUpload'],
      resources: objectsOf(outputs),
      why: 'Uploads parts without completing them: nothing can be seen before Commit.',
    }),
    findOutputs: listings('FindOutputs', outputs, `Lists what lies at the output. ${missing}`),
    readOutputs: some(outputs, {
      sid: 'ReadOutputs',
      actions: ['s3:GetObject', 's3:ListMultipartUploadParts'],
      resources: objectsOf(outputs),
      why: "Tells a part or a _SUCCESS of its own from another job's, and a staged part from a lost one.",
    }),
    publishOutputs: some(outputs, {
      sid: 'PublishOutputs',
      actions: ['s3:PutObject'],
      resources: objectsOf(outputs),
      why: "Completes the winners' uploads, and writes _SUCCESS.",
    }),
    clearOutputs: some(outputs, {
      sid: 'ClearOutputs',
      actions: ['s3:DeleteObject'],
      resources: objectsOf(outputs),
      why: 'Removes the parts of an output that is overwritten, or of a commit that is taken back.',
    }),
    inspectOutputs: some(outputs, {
      sid: 'InspectOutputs',
      actions: ['s3:GetObject'],
      resources: objectsOf(outputs),
      why: 'Refuses an output that holds something else, and finds one that is done.',
    }),
  };
}

function submitStatements(
  facts: PermissionFacts,
  work: ReturnType<typeof workStatements>,
  ledger: ReturnType<typeof ledgerStatements>,
  data: ReturnType<typeof dataStatements>,
): readonly Statement[] {
  return [
    ...[work.read, ...work.find, work.openJobs, work.forgetJobs, ledger.read, ledger.openJobs, ledger.forgetJobs],
    ...[...data.listInputs, ...data.findOutputs, ...data.inspectOutputs],
    {
      sid: 'StartExecutions',
      actions: ['states:StartExecution'],
      resources: [facts.machineArn],
      why: 'Starts the run of a job.',
    },
    {
      sid: 'LookAtExecutions',
      actions: ['states:DescribeExecution'],
      resources: [`${facts.executionArn}:*`],
      why: "Finds a run that is under way, so that starting twice starts once. Executions are named by jobs: only the machine's name is known.",
    },
  ];
}

/** What people do with jobs beyond starting them: `watch`, `ls`, `logs`, `cancel`. */
function operateStatements({ executionArn, tableArn, stackArn, logArns }: PermissionFacts): readonly Statement[] {
  return [
    {
      sid: 'StopExecutions',
      actions: ['states:StopExecution'],
      resources: [`${executionArn}:*`],
      why: 'Cancels a job.',
    },
    { sid: 'ListJobs', actions: ['dynamodb:BatchGetItem'], resources: [tableArn], why: 'Lists jobs.' },
    {
      sid: 'ReadLogs',
      actions: ['logs:FilterLogEvents'],
      resources: Object.values(logArns).flat(),
      why: 'Shows the lines of attempts.',
    },
    {
      sid: 'FindStack',
      actions: ['cloudformation:DescribeStacks'],
      resources: [stackArn],
      why: "Reads the stack's outputs, which say where everything is.",
    },
  ];
}

function coordinatorStatements(facts: PermissionFacts, keys: readonly Statement[]): readonly Statement[] {
  const root = `${facts.work.bucketArn}/${facts.work.prefix}`;
  return [
    {
      sid: 'InvokeFunctions',
      actions: ['lambda:InvokeFunction'],
      resources: facts.invokedArns,
      why: 'Calls the functions of the states, and no others.',
    },
    {
      sid: 'ReadTaskLists',
      actions: ['s3:GetObject'],
      resources: [`${root}jobs/*/map-tasks-*.json`, `${root}jobs/*/reduce-tasks-*.json`],
      why: 'The distributed maps read their items.',
    },
    {
      sid: 'StartChildren',
      actions: ['states:StartExecution'],
      resources: [facts.machineArn],
      why: 'A distributed map starts its children as executions of the machine itself.',
    },
    {
      sid: 'FollowChildren',
      actions: ['states:DescribeExecution', 'states:StopExecution'],
      resources: [`${facts.executionArn}:*`, `${facts.executionArn}/*`],
      why: 'A distributed map follows and stops its children, whose names Step Functions makes: only the name of the machine is known.',
    },
    ...keys,
    {
      sid: 'DeliverLogs',
      actions: [
        ...['logs:CreateLogDelivery', 'logs:GetLogDelivery', 'logs:UpdateLogDelivery', 'logs:DeleteLogDelivery'],
        ...['logs:ListLogDeliveries', 'logs:PutResourcePolicy', 'logs:DescribeResourcePolicies', 'logs:DescribeLogGroups'],
      ],
      resources: ['*'],
      why: "Step Functions sets its log delivery up with the machine's role, and these actions know no resources.",
    },
    ...(facts.tracing
      ? [
          {
            sid: 'Trace',
            actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'],
            resources: ['*'],
            why: 'X-Ray (tracing), whose actions know no resources.',
          },
        ]
      : []),
  ];
}

function writeLogs({ logArns }: PermissionFacts, role: FunctionRole): Statement {
  return {
    sid: 'WriteLogs',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: logArns[role] ?? [],
    why: 'One line an attempt, in the log groups of the functions of this role.',
    unrecorded: OF_AWS,
  };
}

function takeEvents(queueArn: string): Statement {
  return {
    sid: 'TakeEvents',
    actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
    resources: [queueArn],
    why: 'Lambda polls the queue of upload events as this role.',
    unrecorded: OF_AWS,
  };
}

function secretStatements({ secretArns }: PermissionFacts): readonly Statement[] {
  return some(secretArns, {
    sid: 'ReadSecrets',
    actions: ['secretsmanager:GetSecretValue'],
    resources: secretArns,
    why: 'User code reads the secrets that the stack was given.',
    unrecorded: OPT_IN,
  });
}

function keyStatements({ keyArn, inputs, outputs }: PermissionFacts) {
  const both = ['kms:Decrypt', 'kms:GenerateDataKey'];
  const keysOf = (places: readonly Place[]) => [...new Set(places.flatMap((place) => place.keyArn ?? []))];
  const own = keyArn === undefined ? [] : [keyArn];
  return {
    work: some(own, {
      sid: 'UseKey',
      actions: both,
      resources: own,
      why: 'The work bucket and the table are encrypted with it.',
      unrecorded: OPT_IN,
    }),
    inputs: some(keysOf(inputs), {
      sid: 'UseKeysOfInputs',
      actions: ['kms:Decrypt'],
      resources: keysOf(inputs),
      why: 'The inputs are encrypted with them.',
      unrecorded: OPT_IN,
    }),
    outputs: some(keysOf(outputs), {
      sid: 'UseKeysOfOutputs',
      actions: both,
      resources: keysOf(outputs),
      why: 'The outputs are encrypted with them; completing an upload also decrypts.',
      unrecorded: OPT_IN,
    }),
  };
}

/**
 * One statement a bucket, because the prefixes of one are none of the other's. `IfExists`, because S3 asks for ListBucket without a
 * prefix when it decides between 404 and 403 for an object that is missing.
 */
function listings(sid: string, places: readonly Place[], why: string, unrecorded?: string): readonly Statement[] {
  const buckets = [...new Set(places.map((place) => place.bucketArn))];
  return buckets.map((bucketArn, index) => ({
    sid: index === 0 ? sid : `${sid}${index + 1}`,
    actions: ['s3:ListBucket'],
    resources: [bucketArn],
    conditions: {
      StringLikeIfExists: {
        's3:prefix': places.filter((place) => place.bucketArn === bucketArn).map(({ prefix }) => `${prefix}*`),
      },
    },
    why,
    ...(unrecorded === undefined ? {} : { unrecorded }),
  }));
}

function objectsOf(places: readonly Place[]): readonly string[] {
  return places.map(({ bucketArn, prefix }) => `${bucketArn}/${prefix}*`);
}

function rare(statement: Statement): Statement {
  return { ...statement, unrecorded: RARE };
}

function some(facts: readonly unknown[], statement: Statement): readonly Statement[] {
  return facts.length === 0 ? [] : [statement];
}
