import { dataStatements, keyStatements } from './data-statements.ts';
import { ledgerStatements } from './ledger-statements.ts';
import { coordinatorStatements, operateStatements, startStatements } from './machine-statements.ts';
import {
  type FunctionRole,
  OF_AWS,
  OPT_IN,
  type PermissionFacts,
  RARE,
  type RoleName,
  type Statement,
  some,
} from './statement.ts';
import { workStatements } from './work-statements.ts';

/** Every statement of every role: the one place that says who may do what. The stack's policies and docs/iam.md are made from it. */
export function permissionsOf(facts: PermissionFacts): Readonly<Record<RoleName, readonly Statement[]>> {
  const work = workStatements(facts);
  const ledger = ledgerStatements(facts);
  const data = dataStatements(facts);
  const logs = (role: FunctionRole): readonly Statement[] => [writeLogs(facts, role)];
  const code = facts.publishedCode ? [work.readCode, ...work.findCode] : [];
  const keys = keyStatements(facts);
  const secrets = secretStatements(facts);
  const userCode = [...code, ...secrets];
  const triggered =
    facts.queueArn === undefined
      ? []
      : [work.writeBatches, ...data.findInputs, ...data.lookAtUploads, takeEvents(facts.queueArn)];
  const batches = facts.queueArn === undefined ? [] : [work.readBatches, ...work.findBatches];

  const submit = submitStatements(facts, work, ledger, data);
  const operate = [...submit, ...data.listInputs, ...operateStatements(facts), ...keys.work, ...keys.inputs, ...keys.outputs];

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
      ...[...batches, ...data.listInputs, ...data.readInputs, readQuota],
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
        rare(work.dropSegments),
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
      ...[
        work.read,
        ...work.find,
        work.writeReceipt,
        work.dropClaim,
        work.dropSegments,
        rare(work.writeTaskLists),
        work.dropIndex,
      ],
      ...[ledger.read, ledger.change, ledger.releaseLease],
      ...[...data.findOutputs, ...data.readOutputs, ...data.publishOutputs, ...data.takeBackOutputs, ...data.clearOutputs],
      ...[...keys.work, ...keys.outputs, ...logs('commit')],
    ],
    markFailed: [ledger.read, ledger.change, giveUpEvents(facts.deadLettersArn), ...keys.work, ...logs('markFailed')],
    watch: [work.read, ...work.find, ledger.readTasks, ...keys.work, ...logs('watch')],
    start: [...[...submit, ...batches, ...triggered], ...[...keys.work, ...keys.inputs, ...keys.outputs, ...logs('start')]],
    coordinator: coordinatorStatements(facts, keys.work),
    publisher: facts.publishedCode ? [work.publishCode, ...work.findCode, ...operate] : [],
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

function submitStatements(
  facts: PermissionFacts,
  work: ReturnType<typeof workStatements>,
  ledger: ReturnType<typeof ledgerStatements>,
  data: ReturnType<typeof dataStatements>,
): readonly Statement[] {
  return [
    ...[work.read, ...work.find, work.openJobs, work.forgetJobs, ledger.read, ledger.openJobs, ledger.forgetJobs],
    ...[...data.findOutputs, ...data.inspectOutputs, ...startStatements(facts)],
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

function giveUpEvents(deadLettersArn: string): Statement {
  return {
    sid: 'GiveUpEvents',
    actions: ['sqs:SendMessage'],
    resources: [deadLettersArn],
    why: 'Lambda puts the end of an execution that the function failed over into the dead letters, as this role.',
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

function rare(statement: Statement): Statement {
  return { ...statement, unrecorded: RARE };
}
