import type { GivenArguments } from './parse-arguments.ts';

/** `--name`, or `--name VALUE`. */
export type Flag = {
  /** Without the dashes. */
  readonly name: string;
  /** What the value is called in the help; a flag without it takes none. */
  readonly value?: string;
  readonly repeats?: boolean;
  readonly summary: string;
};

/** One command of the command line, as data: parser, help and dispatcher read it. */
export type Command = {
  readonly name: string;
  readonly summary: string;
  /** Such as `<job.ts>`, `[jobId]` when it may be left out, or `[job.ts …]` for any number; `''` for none. */
  readonly operand: string;
  readonly details?: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  /** Answers the exit code. What it throws is shown, and gives the exit code. */
  readonly run: (given: GivenArguments) => Promise<number>;
};
