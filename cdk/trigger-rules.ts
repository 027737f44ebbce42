import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { isRuleName, type TriggerRule } from '../lib/aws/trigger/trigger-rule.ts';
import type { Params } from '../lib/job/define-job.ts';
import type { JobOptions } from '../lib/job/job-options.ts';
import type { DeployedJobs } from '../lib/node/bundle/deployed-jobs.ts';
import { locationsOverlap, type ResolvedLocation, resolveLocation } from './location.ts';

/** An upload that starts a job. */
export type Trigger = {
  /** One of `jobs`. */
  readonly job: string;
  /** Bucket of the uploads. Of a bucket that the app does not make, the owner switches EventBridge on. @default - the work bucket */
  readonly bucket?: string | IBucket;
  /** What keys begin with, such as `input/`. Within `inputs`. */
  readonly prefix: string;
  /** What keys end with, such as `.csv`. @default - anything */
  readonly suffix?: string;
  /**
   * Where the job writes: a location within `outputs`, with `{name}` for the object's name, for example `s3://results/{name}` or
   * `output/{name}` in the work bucket.
   */
  readonly output: string;
  readonly params?: Params;
  readonly options?: JobOptions;
  /** How many jobs in a row may be started by one another's outputs before this trigger stands still. @default 0 */
  readonly maxDepth?: number;
  /** Part of the identity of the jobs that it starts. @default - the job's name and the trigger's place in the list */
  readonly name?: string;
};

export type ResolvedTrigger = { readonly rule: TriggerRule; readonly bucket: IBucket | undefined };

export type TriggerBounds = {
  readonly own: IBucket;
  readonly jobs: Readonly<Record<string, string>>;
  readonly inputs: readonly ResolvedLocation[];
  readonly outputs: readonly ResolvedLocation[];
};

/** @throws Error for a trigger that could start nothing, or itself */
export function resolveTrigger(trigger: Trigger, index: number, bounds: TriggerBounds): ResolvedTrigger {
  const { job, prefix, suffix = '', name = `${job}-${index + 1}` } = trigger;
  const given = trigger.bucket === undefined || trigger.bucket === '' ? bounds.own : trigger.bucket;
  const bucket = typeof given === 'string' ? undefined : given;
  const bucketName = typeof given === 'string' ? given : given.bucketName;
  const refuse = (why: string): never => {
    throw new Error(`The trigger ${name} ${why}.`);
  };
  if (!isRuleName(name)) refuse('has no name of letters, digits, dots, underscores and hyphens');
  if (!Object.hasOwn(bounds.jobs, job)) refuse(`starts the job ${job}, which is none of: ${Object.keys(bounds.jobs).join(', ')}`);
  if (!bounds.inputs.some((location) => location.bucketName === bucketName && prefix.startsWith(location.prefix)))
    refuse('watches a prefix that is not within the inputs');
  const output = resolveLocation(trigger.output.replace(/\{[^}]*\}.*$/s, '') || 's3://', bounds.own);
  if (!bounds.outputs.some((location) => location.bucketName === output.bucketName && output.prefix.startsWith(location.prefix)))
    refuse('writes to a location that is not within the outputs');
  if (locationsOverlap(output, { bucketName, bucketArn: '', prefix }))
    refuse('would start itself: its output lies where it watches');
  const template = trigger.output.includes('://') ? trigger.output : `s3://${bounds.own.bucketName}/${trigger.output}`;
  const { params, options, maxDepth } = trigger;
  const how = { ...(params && { params }), ...(options && { options }), ...(maxDepth && { maxDepth }) };
  return { rule: { name, job, bucket: bucketName, prefix, suffix, output: template, ...how }, bucket };
}

/** An upload is one input. @throws Error for a job with several */
export function checkStartable({ name, job }: TriggerRule, jobs: DeployedJobs): void {
  const inputs = jobs.find((each) => each.name === job)?.shape.outsideInputs ?? [];
  if (inputs.length === 1) return;
  throw new Error(
    `The trigger ${name} starts the job ${job}, which takes ${inputs.length} inputs (${inputs.join(', ')}): an upload is one.`,
  );
}
