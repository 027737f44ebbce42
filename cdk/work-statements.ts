import type { ResolvedLocation } from './location.ts';
import { IMPLIED, listings, OPT_IN, type PermissionFacts, RARE, type Statement } from './statement.ts';

/** On the work area. Jobs, tasks and attempts are named when they run, so their keys are patterns. */
export function workStatements({ work }: PermissionFacts) {
  const root = `${work.bucketArn}/${work.prefix}`;
  const jobs = (...patterns: readonly string[]) => patterns.map((pattern) => `${root}jobs/*${pattern}`);
  return {
    read: {
      sid: 'ReadWork',
      actions: ['s3:GetObject'],
      resources: jobs(''),
      why: "Reads job.json, the run's record, plans, splits, indexes and what attempts left.",
    },
    ...findIn(work),
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
    readBatches: {
      sid: 'ReadBatches',
      actions: ['s3:GetObject'],
      resources: [`${root}triggers/*`],
      why: 'Reads which uploads belong to which job: the list of the input of a job that uploads started.',
    },
    writeBatches: {
      sid: 'WriteBatches',
      actions: ['s3:PutObject'],
      resources: [`${root}triggers/*`],
      why: 'Claims uploads for one job each, so that an event that comes twice starts nothing new.',
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

/** A part of the work area each: nobody may list what is not theirs to read. */
function findIn(work: ResolvedLocation) {
  const why = 'Without it S3 answers 403 where an object is missing, and what is lost could not be told from what is forbidden.';
  const find = (sid: string, folder: string) => listings(sid, [{ ...work, prefix: `${work.prefix}${folder}` }], why, IMPLIED);
  return { find: find('FindWork', 'jobs/'), findCode: find('FindCode', 'code/'), findBatches: find('FindBatches', 'triggers/') };
}
