/** Split rows of one chunk, and segments of one chunk of the shuffle index: the same tasks, so that each is read with the other. */
export const ROWS_PER_CHUNK = 1_000;

/** `<step>/plan.json`: fixed once for all runs of a job. */
export type StepPlan = {
  readonly format: 1;
  readonly step: number;
  readonly splits: number;
  readonly objects: number;
  readonly inputBytes: number;
  /** Keys of the chunks of split rows, and the index of the first split of each. */
  readonly chunks: readonly { readonly key: string; readonly firstSplit: number; readonly rowEnds: readonly number[] }[];
  readonly partitions: number;
  readonly mapOnly: boolean;
  /** Small enough to run whole in one sandbox. */
  readonly solo: boolean;
};
