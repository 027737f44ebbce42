import { createHash } from 'node:crypto';
import { nameJob } from '../../coordinator/name-job.ts';
import { OutputOverlapError } from '../../coordinator/output-overlap-error.ts';
import { assert, InvalidOptionError } from '../../errors.ts';
import type { JobRecord } from '../../job/job-record.ts';
import type { DeployedJob, DeployedJobs } from '../../node/bundle/deployed-jobs.ts';
import { compareKeys } from '../../ports/key-order.ts';
import type { World } from '../../ports/world.ts';
import { ListingDigest } from '../../split/list-input.ts';
import { encodeJson, readJson } from '../../work/json-object.ts';
import { jobKey, triggerStartKey } from '../../work/work-layout.ts';
import { forEachOf } from '../requests/in-flight.ts';
import { listLocation, type ObjectList } from '../s3/listed-input-store.ts';
import { checkAllowed, checkOverlap, folderOf, formatS3Location, normalizeOutput } from '../s3/location.ts';
import type { Deployment } from '../stack/stack-outputs.ts';
import { resolveAwsOptions } from '../start/aws-options.ts';
import { type RunSettings, runSettingsOf } from '../start/run-record.ts';
import type { RuledUpload } from './trigger-batch.ts';
import type { TriggerRule } from './trigger-rule.ts';
import type { FoundUpload, UploadStore } from './upload-store.ts';

/**
 * What one batch starts for one output, decided once: `triggers/<rule>/starts/<id>.json`. It is the list of the job's input as well. With it a
 * second delivery finds the same job, also when other code has been deployed since.
 */
export type TriggerStart = ObjectList & {
  readonly format: 1;
  /** Null when none of the uploads is there any more, or may start a job. */
  readonly job: { readonly record: JobRecord; readonly run: RunSettings } | null;
};

/** What the function that starts jobs knows of its stack. */
export type TriggerStack = Pick<Deployment, 'inputs' | 'outputs' | 'settings'> & {
  readonly world: Pick<World, 'work' | 'clock'>;
  readonly uploads: UploadStore;
  readonly jobs: DeployedJobs;
};

const REQUESTS_IN_FLIGHT = 32;

/** Decides it, or answers what was decided before. @throws LocationNotAllowedError, OutputOverlapError, InvalidOptionError */
export async function settleStart(
  stack: TriggerStack,
  rule: TriggerRule,
  batchId: string,
  output: string,
  uploads: readonly RuledUpload[],
): Promise<TriggerStart> {
  const startId = createHash('sha256')
    .update(JSON.stringify([batchId, output]))
    .digest('hex')
    .slice(0, 32);
  const key = triggerStartKey(rule.name, startId);
  const known = await readJson<TriggerStart>(stack.world, key);
  if (known !== undefined) return known;
  const { objects, chainDepth } = await findObjects(stack, rule, uploads);
  const job = objects.length === 0 ? null : jobOf(stack, rule, { key, output, chainDepth }, objects);
  const start: TriggerStart = { format: 1, objects, job };
  await stack.world.work.putIfAbsent(key, encodeJson(start));
  const written = await readJson<TriggerStart>(stack.world, key);
  assert(written !== undefined, 'what was just decided is there');
  return written;
}

/**
 * The uploads that are still what their events told of, in key order, each key once. One that was written over is left to the event of the
 * later write. `chainDepth`: of the job that reads them.
 */
async function findObjects(
  stack: TriggerStack,
  rule: TriggerRule,
  uploads: readonly RuledUpload[],
): Promise<{ readonly objects: ObjectList['objects']; readonly chainDepth: number }> {
  const objects = new Map<string, ObjectList['objects'][number]>();
  let chainDepth = 0;
  await forEachOf(uploads, REQUESTS_IN_FLIGHT, async (upload) => {
    const location = formatS3Location(upload);
    checkAllowed('input', location, stack.inputs);
    const found = await stack.uploads.find(location);
    if (found === undefined || !isSame(upload, found)) return;
    const depth = await depthOf(stack, found);
    if (depth > (rule.maxDepth ?? 0)) return;
    chainDepth = Math.max(chainDepth, depth);
    objects.set(location, found.info);
  });
  return { objects: [...objects.values()].toSorted((a, b) => compareKeys(a.key, b.key)), chainDepth };
}

function isSame(upload: RuledUpload, { info, versionId }: FoundUpload): boolean {
  if (upload.versionId !== undefined && versionId !== undefined) return upload.versionId === versionId;
  return upload.etag === info.version;
}

/** Jobs in a row that led to an object: 0 for one that no job wrote. What another stack's job wrote is as deep as can be. */
async function depthOf({ world }: TriggerStack, { producer }: FoundUpload): Promise<number> {
  if (producer === undefined) return 0;
  const record = await readJson<JobRecord>(world, jobKey(producer));
  return record === undefined ? Number.POSITIVE_INFINITY : (record.chainDepth ?? 0) + 1;
}

type StartNames = { readonly key: string; readonly output: string; readonly chainDepth: number };

function jobOf(stack: TriggerStack, rule: TriggerRule, names: StartNames, objects: ObjectList['objects']): TriggerStart['job'] {
  const { file, sha256, shape } = findDeployed(stack.jobs, rule);
  const options = resolveAwsOptions(shape, rule.options ?? {});
  const digest = new ListingDigest();
  digest.add(objects);
  const named = nameJob({
    code: { sha256, file },
    shape,
    options,
    inputs: [{ name: shape.outsideInputs[0]!, location: listLocation(names.key), ...digest.finish() }],
    ...(rule.params && { params: rule.params }),
    output: names.output,
    nowMs: stack.world.clock.nowMs(),
  });
  const output = normalizeOutput(names.output.replaceAll('{jobId}', named.jobId));
  checkAllowed('output', output, stack.outputs);
  const { workBucket, workPrefix } = stack.settings;
  checkOverlap({ inputs: [], output, workArea: { bucket: workBucket, key: workPrefix } });
  const inside = objects.find(({ key }) => key.startsWith(folderOf(output)));
  if (inside !== undefined) throw new OutputOverlapError({ output, relation: 'contains', other: `the input ${inside.key}` });
  // An output of its own belongs to the upload, and to the next version of it.
  const overwrite = rule.output.includes('{name}') && !rule.output.includes('{jobId}');
  const record: JobRecord = {
    ...named,
    output,
    leaseKey: output,
    nodeVersion: process.version,
    ...(names.chainDepth > 0 && { chainDepth: names.chainDepth }),
  };
  return { record, run: runSettingsOf(options, overwrite) };
}

function findDeployed(jobs: DeployedJobs, rule: TriggerRule): DeployedJob {
  const job = jobs.find(({ name }) => name === rule.job);
  if (job?.shape.outsideInputs.length === 1) return job;
  throw new InvalidOptionError({
    option: `trigger ${rule.name}`,
    value: `the job ${rule.job}`,
    rule: 'a deployed job with one input',
    hint: 'Name another job in the triggers of the MapReduce construct, and deploy again.',
  });
}
