import { RefoldError } from '../errors.ts';

/** A segment as the shuffle index names it. */
export type SegmentRef = { readonly mapIndex: number; readonly segmentKey: string };

/**
 * Committed segments that are gone or damaged. Whoever catches it invalidates exactly the commits that left them; the task that
 * threw it can only succeed after the map tasks ran again.
 */
export class LostSegmentError extends RefoldError {
  override readonly name = 'LostSegmentError';
  readonly code = 'REFOLD_LOST_SEGMENT';
  readonly retryable = true;
  readonly hint = 'The map task is run again by itself; check the disk if this repeats.';
  /** All that were found lost, by map index; at least one. */
  readonly lost: readonly SegmentRef[];
  constructor(lost: readonly SegmentRef[], options?: ErrorOptions) {
    const { mapIndex, segmentKey } = lost[0]!;
    const more = lost.length > 1 ? `, and ${lost.length - 1} more` : '';
    super(
      `The segment ${segmentKey} of map task ${mapIndex} is lost${more}.`,
      { mapIndex, segmentKey, count: lost.length },
      options,
    );
    this.lost = lost;
  }
}
