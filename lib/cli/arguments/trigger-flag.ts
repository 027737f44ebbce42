import { bucketOf, isStackFolder } from './bucket-location.ts';
import { UsageError } from './usage-error.ts';

/** An upload that starts a job, as `--trigger` gives it. */
export type TriggerFlag = {
  /** Name of a deployed job. */
  readonly job: string;
  /** '' is the stack's own. */
  readonly bucket: string;
  readonly prefix: string;
  readonly suffix: string;
  /** Template of the output: `s3://bucket/counts/{name}`. */
  readonly output: string;
};

const FORM = 'job=NAME,input=s3://bucket/prefix,output=s3://bucket/prefix[,suffix=.csv]';
const NAMES = ['job', 'input', 'output', 'suffix'] as const;

/** Reads `job=word-count,input=s3://logs/new/,suffix=.txt,output=s3://counts/{name}`. @throws UsageError */
export function readTrigger(text: string): TriggerFlag {
  const fields = new Map<string, string>();
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const name = part.slice(0, Math.max(at, 0));
    if (!(NAMES as readonly string[]).includes(name) || fields.has(name)) throw malformed(text);
    fields.set(name, part.slice(at + 1));
  }
  const [job, input, output] = [fields.get('job'), fields.get('input'), fields.get('output')];
  if (job === undefined || input === undefined || output === undefined) throw malformed(text);
  if (!isStackFolder(output)) bucketOf('trigger', output.replace(/\{[^}]*\}/g, 'x'));
  const bucket = isStackFolder(input) ? '' : bucketOf('trigger', input);
  const prefix = bucket === '' ? input : input.slice(`s3://${bucket}/`.length);
  return { job, bucket, prefix, suffix: fields.get('suffix') ?? '', output };
}

function malformed(text: string): UsageError {
  return new UsageError({ problem: `--trigger ${text} is not understood.`, hint: `Write --trigger ${FORM}.` });
}
