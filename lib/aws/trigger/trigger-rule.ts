import type { Params } from '../../job/define-job.ts';
import type { JobOptions } from '../../job/job-options.ts';
import type { Upload } from './upload-event.ts';

/** Which uploads start which job: as the stack writes it, and the function `start` reads it, by REFOLD_TRIGGERS. */
export type TriggerRule = {
  /** Part of the identity of the jobs that it starts: letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** One of the deployed jobs, by its name. It has one input. */
  readonly job: string;
  readonly bucket: string;
  /** What keys begin with. */
  readonly prefix: string;
  /** What keys end with; '' for anything. */
  readonly suffix: string;
  /** Where the job writes: see `outputOf`. */
  readonly output: string;
  readonly params?: Params;
  readonly options?: JobOptions;
  /**
   * How many jobs in a row may be started by one another's outputs before this rule stands still. 0: what a job of refold wrote never starts
   * another. @default 0
   */
  readonly maxDepth?: number;
};

/** Names stand in keys of the work area. */
export function isRuleName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name);
}

/**
 * Is the upload one of the rule's? Names that begin with `_` or `.` below the prefix are none, as in every input: so no `_SUCCESS` is an
 * upload. Nor are the empty objects that stand for folders.
 */
export function matchesRule(rule: TriggerRule, { bucket, key, bytes }: Upload): boolean {
  if (bucket !== rule.bucket || !key.startsWith(rule.prefix) || !key.endsWith(rule.suffix)) return false;
  if (key.length < rule.prefix.length + rule.suffix.length || (bytes === 0 && key.endsWith('/'))) return false;
  return !/(?:^|\/)[._]/.test(wayOf(rule, key));
}

/** What an output template may name. */
const PLACEHOLDERS = { rule: /\{rule\}/g, name: /\{name\}/g };

/**
 * The output of the job for an upload. `{name}` is the object's way below the rule's folder, so each upload has an output and a job of its
 * own, and a new version of it replaces the output of the old; `{rule}` is the rule's name, `{jobId}` is left for the job's. Without `{name}`
 * the uploads of one batch are the input of one job. In `{name}`, characters that mean something in a location are escaped as in a URL.
 */
export function outputOf(rule: TriggerRule, key: string): string {
  const name = wayOf(rule, key).split('/').map(escapeName).join('/');
  return rule.output.replace(PLACEHOLDERS.rule, () => rule.name).replace(PLACEHOLDERS.name, () => name);
}

/** Of `logs/new/2026/a.csv` under the prefix `logs/new/` or `logs/new/20`: `2026/a.csv`. */
function wayOf({ prefix }: TriggerRule, key: string): string {
  return key.slice(prefix.lastIndexOf('/') + 1);
}

function escapeName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(
    /[!'()*~]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
