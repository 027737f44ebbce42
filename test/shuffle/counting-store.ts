import type { ObjectInfo, ObjectStore, ObjectWriter } from '../../lib/ports/object-store.ts';

/** Counts requests, because requests are the bill; and how many were in flight at a time. */
export class CountingStore implements ObjectStore {
  readonly counts: Record<string, number> = {};
  inFlightMax = 0;
  private inFlight = 0;
  private readonly store: ObjectStore;

  constructor(store: ObjectStore) {
    this.store = store;
  }

  list(prefix: string): AsyncIterable<readonly ObjectInfo[]> {
    return this.store.list(prefix);
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.count('head', () => this.store.head(key));
  }

  readRange(
    key: string,
    version: string | undefined,
    byteStart: number,
    byteEnd: number,
    target?: Uint8Array,
  ): Promise<Uint8Array> {
    return this.count('readRange', () => this.store.readRange(key, version, byteStart, byteEnd, target));
  }

  read(key: string): Promise<Uint8Array> {
    return this.count('read', () => this.store.read(key));
  }

  put(key: string, bytes: Uint8Array): Promise<ObjectInfo> {
    return this.count('put', () => this.store.put(key, bytes));
  }

  putIfAbsent(key: string, bytes: Uint8Array): Promise<'written' | 'exists'> {
    return this.count('putIfAbsent', () => this.store.putIfAbsent(key, bytes));
  }

  async create(key: string): Promise<ObjectWriter> {
    const writer = await this.count('create', () => this.store.create(key));
    return {
      write: (bytes) => this.count('write', () => writer.write(bytes)),
      complete: () => this.count('complete', () => writer.complete()),
      abort: () => this.count('abort', () => writer.abort()),
    };
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.count('delete', () => this.store.delete(keys));
  }

  private async count<T>(name: string, request: () => Promise<T>): Promise<T> {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    this.inFlight++;
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
    try {
      // A turn of the event loop, so that requests overlap as they would.
      await new Promise((resolve) => setImmediate(resolve));
      return await request();
    } finally {
      this.inFlight--;
    }
  }
}
