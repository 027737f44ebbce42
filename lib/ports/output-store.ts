import { compareKeys } from './key-order.ts';

/** A finished part that nobody can see yet. Plain data: it travels in a commit of the ledger. */
export type StagedPart = {
  /** File name below the output path, such as `part-00000.tsv`. */
  readonly name: string;
  /** Adapter's own reference: what names the staged content, or an upload id with its parts. */
  readonly ref: string;
  readonly attemptId: string;
  readonly bytes: number;
};

/** What lies at an output path before a job starts. */
export type OutputState =
  | { readonly kind: 'empty' }
  | { readonly kind: 'occupied'; readonly example: string; readonly succeeded: boolean };

/** One job's output path. Nothing is visible there before `publish`. */
export interface OutputStore {
  /**
   * @throws OutputUnwritableError when the path is something that can't hold parts, such as a file or a read-only folder, or holds a
   * folder by the name of a part.
   */
  inspect(): Promise<OutputState>;
  /** @throws OutputUnwritableError (read-only folder, no space) */
  stage(name: string, attemptId: string): Promise<PartWriter>;
  /**
   * Makes a staged part visible, durably, under its final name. Idempotent: a part that this attempt published before is
   * `published`. `gone` when it is neither staged nor published: the caller invalidates the commit. Replaces a part of that
   * name which another attempt or an older job left. @throws OutputUnwritableError
   */
  publish(part: StagedPart): Promise<'published' | 'gone'>;
  /** What `publish` would find, and touches nothing. @throws OutputUnwritableError */
  isStaged(part: StagedPart): Promise<'staged' | 'published' | 'gone'>;
  /** Drops a staged part; nothing happens when it is gone or already published. */
  discard(part: StagedPart): Promise<void>;
  /** Writes `_SUCCESS`, whole and durably, after every part of it is durable. @throws OutputUnwritableError */
  writeSuccess(content: Uint8Array): Promise<void>;
  readSuccess(): Promise<Uint8Array | undefined>;
  /**
   * Removes another job's `_SUCCESS` first, then every part that is not in `keep`. Touches only `_SUCCESS` and files named as `isPartName`
   * says. Nothing happens when the `_SUCCESS` is this job's, made at `createdAtMs`: then its output is whole, and a caller who thinks
   * otherwise is a late one. That of an earlier life of the job is another job's.
   */
  clear(keep: readonly string[], createdAtMs: number): Promise<void>;
  /** Bytes of a published part, in order, for `cat` and `job.output()`. @throws PartMissingError */
  readPart(name: string): AsyncIterable<Uint8Array>;
  /** Published parts in the order of their numbers. */
  listParts(): Promise<readonly { readonly name: string; readonly bytes: number }[]>;
  /** Removes the staging area of the job, whatever lies in it. After it, what was only staged is `gone`. */
  sweep(): Promise<void>;
}

/** Must be ended by `finish` or `abort`. */
export interface PartWriter {
  /** The caller may reuse `bytes` once the promise resolves. @throws OutputUnwritableError */
  write(bytes: Uint8Array): Promise<void>;
  /** Its bytes are durable, and still invisible. @throws OutputUnwritableError */
  finish(): Promise<StagedPart>;
  /** Drops what was written. Safe to call after a failed `write` or `finish`. */
  abort(): Promise<void>;
}

/** `part-00000.tsv` is a part, and `part-time.csv` somebody's file. */
export function isPartName(name: string): boolean {
  return /^part-\d+/.test(name);
}

/** Parts in the order of their numbers: `part-99999` comes before `part-100000`. */
export function comparePartNames(left: string, right: string): number {
  return partNumber(left) - partNumber(right) || compareKeys(left, right);
}

function partNumber(name: string): number {
  const digits = /^part-(\d+)/.exec(name);
  return digits === null ? Number.MAX_SAFE_INTEGER : Number(digits[1]);
}

/** Opens the output path of one job. `location` is as the user gave it; `jobId` names the staging area. */
export type OpenOutput = (location: string, jobId: string) => OutputStore;
