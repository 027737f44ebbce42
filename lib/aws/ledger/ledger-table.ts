/** The ledger's table as data, for whoever makes one: all keys are strings, and it is paid by the request. */
export const LEDGER_TABLE = {
  partitionKey: 'pk',
  sortKey: 'sk',
  /** Seconds since the epoch. Items without it stay. */
  timeToLiveAttribute: 'expiresAt',
  /**
   * Days from the last change of an item until the table may drop it. The work area's objects must not live much shorter: a job that
   * is taken up again without its segments makes them anew.
   */
  lifetimeDays: 90,
} as const;

/** The value of `timeToLiveAttribute` for an item that changes at `nowMs`. */
export function expiresAt(nowMs: number): number {
  return Math.floor(nowMs / 1000) + LEDGER_TABLE.lifetimeDays * 86_400;
}
