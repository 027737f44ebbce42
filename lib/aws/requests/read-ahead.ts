/** Items of a source that wait for their turn. */
const AHEAD_MAX = 4;

/**
 * The items of all sources, one source after the other, while the next `inFlight` of them are already read ahead, a few items each. The first
 * error of a source comes when its turn comes.
 */
export async function* inOrder<Item>(
  sources: readonly (() => AsyncIterable<Item>)[],
  inFlight: number,
): AsyncGenerator<Item, void, undefined> {
  const queues: ReadAhead<Item>[] = [];
  try {
    for (let at = 0; at < sources.length; at++) {
      for (const source of sources.slice(at + queues.length, at + inFlight)) queues.push(new ReadAhead(source()));
      const queue = queues[0] as ReadAhead<Item>;
      for (let item = await queue.next(); item !== undefined; item = await queue.next()) yield item.value;
      queues.shift();
    }
  } finally {
    for (const queue of queues) queue.stop();
  }
}

/** Reads a source ahead of whoever takes its items. */
class ReadAhead<Item> {
  readonly #items: { readonly value: Item }[] = [];
  #end: { readonly error?: unknown } | undefined;
  #stopped = false;
  #wakeTaker = (): void => {};
  #wakeReader = (): void => {};

  constructor(source: AsyncIterable<Item>) {
    void this.#read(source);
  }

  /** Undefined at the end. */
  async next(): Promise<{ readonly value: Item } | undefined> {
    while (this.#items.length === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wakeTaker = resolve;
      });
    }
    const item = this.#items.shift();
    this.#wakeReader();
    if (item === undefined && this.#end !== undefined && 'error' in this.#end) throw this.#end.error;
    return item;
  }

  stop(): void {
    this.#stopped = true;
    this.#wakeReader();
  }

  async #read(source: AsyncIterable<Item>): Promise<void> {
    try {
      for await (const value of source) {
        this.#items.push({ value });
        this.#wakeTaker();
        while (this.#items.length >= AHEAD_MAX && !this.#stopped) {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
        }
        if (this.#stopped) break;
      }
      this.#end = {};
    } catch (error) {
      this.#end = { error };
    }
    this.#wakeTaker();
  }
}
