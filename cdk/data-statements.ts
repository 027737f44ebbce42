import type { ResolvedLocation } from './location.ts';
import { IMPLIED, listings, OPT_IN, type PermissionFacts, some } from './statement.ts';

/** Inputs and outputs. Empty lists make no statement: nothing may be read, or written, then. */
export function dataStatements({ inputs, outputs }: PermissionFacts) {
  const missing = 'Without it S3 answers 403 where an object is missing, which then looks like a missing right.';
  return {
    readInputs: some(inputs, {
      sid: 'ReadInputs',
      actions: ['s3:GetObject'],
      resources: objectsOf(inputs),
      why: 'Reads records of the input, and the first bytes of an object to see if it is compressed.',
    }),
    lookAtUploads: some(inputs, {
      sid: 'LookAtUploads',
      actions: ['s3:GetObject'],
      resources: objectsOf(inputs),
      why: 'Looks whether an upload is still what its event told of, and whether a job wrote it.',
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
    takeBackOutputs: some(outputs, {
      sid: 'TakeBackOutputs',
      actions: ['s3:AbortMultipartUpload'],
      resources: objectsOf(outputs),
      why: "Drops the winners' staged parts when one of them is gone, so that no other call of Commit can complete the rest.",
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

/** Of the stack, its inputs and its outputs. */
export function keyStatements({ keyArn, work, inputs, outputs, dataKeyArns = [] }: PermissionFacts) {
  const both = ['kms:Decrypt', 'kms:GenerateDataKey'];
  const known = (...arns: readonly (string | undefined)[]) => [...new Set(arns.filter((arn) => arn !== undefined))];
  const keysOf = (locations: readonly ResolvedLocation[]) =>
    locations.length === 0 ? [] : known(...locations.map((location) => location.keyArn), ...dataKeyArns);
  const own = known(keyArn, work.keyArn);
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

function objectsOf(locations: readonly ResolvedLocation[]): readonly string[] {
  return locations.map(({ bucketArn, prefix }) => `${bucketArn}/${prefix}*`);
}
