/** How often each operation was sent, such as `s3:PutObject`. Every try of a request counts: requests are the bill. */
export class RequestCounts {
  readonly #counts = new Map<string, number>();

  add(operation: string): void {
    this.#counts.set(operation, (this.#counts.get(operation) ?? 0) + 1);
  }

  /** By operation, in the order of their names. */
  read(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  /** What was counted since the last reset, as `read`; counting begins again at 0. */
  reset(): Readonly<Record<string, number>> {
    const counts = this.read();
    this.#counts.clear();
    return counts;
  }
}
