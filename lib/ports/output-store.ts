/** A finished part that nobody can see yet. Plain data: it travels in a commit of the ledger. */
export type StagedPart = {
  /** File name below the output path, such as `part-00000.tsv`. */
  readonly name: string;
  /** Adapter's own reference: a staged path, or an upload id with its parts. */
  readonly ref: string;
  readonly attemptId: string;
  readonly bytes: number;
};

/** What lies at an output path before a job starts. */
export type OutputState = { readonly kind: 'empty' } | { readonly kind: 'occupied'; readonly example: string; readonly succeeded: boolean };

/** One job's output path. Nothing is visible there before `publish`. */
export interface OutputStore {
  inspect(): Promise<OutputState>;
  /** @throws OutputUnwritableError (read-only folder, no space) */
  stage(name: string, attemptId: string): Promise<PartWriter>;
  /**
   * Makes a staged part visible, durably, under its final name. Idempotent: a part that this attempt published before is
   * `published`. `gone` when it is neither staged nor published: the caller invalidates the commit.
   */
  publish(part: StagedPart): Promise<'published' | 'gone'>;
  /** Drops a staged part; nothing happens when it is gone or already published. */
  discard(part: StagedPart): Promise<void>;
  /** Writes `_SUCCESS`, durably, after every part of it is durable. */
  writeSuccess(content: Uint8Array): Promise<void>;
  readSuccess(): Promise<Uint8Array | undefined>;
  /** For `--overwrite`: removes `_SUCCESS` first, then every part that is not in `keep`. Touches only `_SUCCESS` and `part-*`. */
  clear(keep: readonly string[]): Promise<void>;
  /** Bytes of published parts, in order, for `cat` and `job.output()`. */
  readPart(name: string): AsyncIterable<Uint8Array>;
  listParts(): Promise<readonly { readonly name: string; readonly bytes: number }[]>;
  /** Removes the staging area of the job, whatever lies in it. */
  sweep(): Promise<void>;
}

/** Must be ended by `finish` or `abort`. */
export interface PartWriter {
  /** The caller may reuse `bytes` once the promise resolves. @throws OutputUnwritableError */
  write(bytes: Uint8Array): Promise<void>;
  /** Durable, still invisible. */
  finish(): Promise<StagedPart>;
  abort(): Promise<void>;
}

/** Opens the output path of one job. `location` is as the user gave it; `jobId` names the staging area. */
export type OpenOutput = (location: string, jobId: string) => OutputStore;
