import { type PermissionFacts, RARE, type Statement } from './statement.ts';

/** Of the state machine's own role. */
export function coordinatorStatements(facts: PermissionFacts, keys: readonly Statement[]): readonly Statement[] {
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

/** What starting a run asks of the machine. */
export function startStatements(facts: PermissionFacts): readonly Statement[] {
  return [
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
      unrecorded: RARE,
    },
  ];
}

/** What people do with jobs beyond starting them: `watch`, `ls`, `logs`, `cancel`. */
export function operateStatements({ executionArn, tableArn, stackArn, logArns }: PermissionFacts): readonly Statement[] {
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
