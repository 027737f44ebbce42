import { type PermissionFacts, RARE, type Statement } from './statement.ts';

/** On the ledger. Roles that may change it differ by what they call: IAM sees no conditions of writes. */
export function ledgerStatements({ tableArn }: PermissionFacts) {
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
