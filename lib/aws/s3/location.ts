import { OutputOverlapError } from '../../coordinator/output-overlap-error.ts';
import { InvalidOptionError, RefoldError } from '../../errors.ts';
import { parseInputGlob } from '../../node/input-glob.ts';
import { isS3Location, readS3Location, S3_SCHEME, type S3Location } from '../../node/s3-location.ts';
import { WORK_FOLDERS } from '../../work/work-layout.ts';

export type { S3Location };

/** A location outside of those that a stack was deployed for. */
export class LocationNotAllowedError extends RefoldError {
  override readonly name = 'LocationNotAllowedError';
  readonly code = 'REFOLD_LOCATION_NOT_ALLOWED';
  readonly retryable = false;
  readonly hint: string;
  constructor(values: { what: 'input' | 'output'; location: string; allowed: string }, options?: ErrorOptions) {
    const { what, location, allowed } = values;
    super(`The ${what} ${location} is outside of the stack's ${what}s: ${allowed || 'there are none'}.`, values, options);
    this.hint = `Choose a location inside, or deploy the stack again with this one: refold deploy … --${what}, or ${what}s of the MapReduce construct.`;
  }
}

/** `s3://bucket/key`. Keys are taken as they are: `a//b` and `a/../b` are names like any other in S3. @throws InvalidOptionError */
export function parseS3Location(location: string, option = 'location'): S3Location {
  const found = readS3Location(location);
  if (found !== undefined) return found;
  throw new InvalidOptionError({
    option,
    value: JSON.stringify(location),
    rule: 'an S3 location such as s3://my-bucket/some/prefix',
    hint: 'Write s3://, the name of the bucket, a slash, and a key or prefix.',
  });
}

export function formatS3Location({ bucket, key }: S3Location): string {
  return `${S3_SCHEME}${bucket}/${key}`;
}

/** An output location in its one spelling, with no slash at its end: names the lease and the job. @throws InvalidOptionError */
export function normalizeOutput(location: string): string {
  const { bucket, key } = parseS3Location(location, '--output');
  const plain = key.replace(/\/+$/, '');
  if (plain === '' || hasPattern(plain)) {
    throw new InvalidOptionError({
      option: '--output',
      value: JSON.stringify(location),
      rule: 'a prefix below a bucket, without *, ? or braces',
      hint: 'Write --output s3://my-bucket/some/prefix.',
    });
  }
  return formatS3Location({ bucket, key: plain });
}

/** Does all that `location` (a key, prefix or glob) may name lie in one of the allowed prefixes? `s3://b/logs` allows `logs/x`, not `logs2`. */
export function isWithin(location: string, allowed: readonly string[]): boolean {
  const inner = parseS3Location(location);
  const certain = hasPattern(inner.key) ? literalPrefix(inner.key) : inner.key;
  return allowed.some((each) => {
    const outer = parseS3Location(each);
    const folder = folderOf(outer.key);
    if (outer.bucket !== inner.bucket) return false;
    return certain.startsWith(folder) || (!hasPattern(inner.key) && folderOf(certain) === folder);
  });
}

/** @throws LocationNotAllowedError, InvalidOptionError */
export function checkAllowed(what: 'input' | 'output', location: string, allowed: readonly string[]): void {
  if (!isWithin(location, allowed)) throw new LocationNotAllowedError({ what, location, allowed: allowed.join(', ') });
}

/**
 * Refuses an output that an input would read, or that holds one, or that lies in the work area or holds it. Other locations than S3 never
 * overlap with it. @throws OutputOverlapError, InvalidOptionError
 */
export function checkOverlap(paths: {
  readonly inputs: readonly string[];
  readonly output: string;
  readonly workArea: S3Location;
}): void {
  const { output } = paths;
  const target = parseS3Location(normalizeOutput(output));
  const outputFolder = folderOf(target.key);
  for (const input of paths.inputs.filter(isS3Location)) {
    const other = `the input ${input}`;
    const { bucket, key } = parseS3Location(input, '--input');
    if (bucket !== target.bucket) continue;
    const glob = parseInputGlob(key);
    const base = glob === undefined ? key : literalPrefix(key);
    if (glob === undefined && folderOf(key) === outputFolder) throw new OutputOverlapError({ output, relation: 'is', other });
    if (base.startsWith(outputFolder)) throw new OutputOverlapError({ output, relation: 'contains', other });
    if (glob === undefined && outputFolder.startsWith(folderOf(key))) {
      throw new OutputOverlapError({ output, relation: 'lies in', other });
    }
    if (glob?.matches(`${outputFolder}part-00000.tsv`)) {
      throw new OutputOverlapError({ output, relation: 'would be matched by', other });
    }
  }
  const { workArea } = paths;
  if (workArea.bucket !== target.bucket) return;
  const other = `the work area ${formatS3Location(workArea)}`;
  for (const folder of workFoldersOf(workArea)) {
    if (outputFolder.startsWith(folder)) throw new OutputOverlapError({ output, relation: 'lies in', other });
    if (folder.startsWith(outputFolder)) throw new OutputOverlapError({ output, relation: 'contains', other });
  }
}

/** Is an object one of the work area's? */
export function isInWorkArea({ bucket, key }: S3Location, workArea: S3Location): boolean {
  return bucket === workArea.bucket && workFoldersOf(workArea).some((folder) => key.startsWith(folder));
}

/** A work area at the root of its bucket keeps all its objects below these. */
function workFoldersOf({ key }: S3Location): readonly string[] {
  return key === '' ? WORK_FOLDERS : [folderOf(key)];
}

/** `logs` and `logs/` are both the folder `logs/`; the whole bucket is ''. */
export function folderOf(key: string): string {
  return key === '' || key.endsWith('/') ? key : `${key}/`;
}

/** What every match of a glob begins with. */
export function literalPrefix(key: string): string {
  return key.slice(0, Math.max(0, key.search(PATTERN)));
}

function hasPattern(key: string): boolean {
  return PATTERN.test(key);
}

const PATTERN = /[*?[\]{}()\\]/;
