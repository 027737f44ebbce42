import { assert } from '../errors.ts';
import type { InputStore } from '../ports/input-store.ts';

/** An object's uncompressed bytes, in order. Must be closed. */
export type ByteStream = {
  /** Fills target[start, end) with the next bytes; answers how many there were: fewer than asked only at the end. One call at a time. */
  read(target: Uint8Array, start: number, end: number): Promise<number>;
  close(): Promise<void>;
};

/** One version of one stored object. */
export type StoredObject = { readonly key: string; readonly version: string; readonly bytes: number };

/** The bytes of an object as they are stored, from `byteStart` on. */
export class StoredBytes implements ByteStream {
  private readonly input: InputStore;
  private readonly object: StoredObject;
  private position: number;

  constructor(input: InputStore, object: StoredObject, byteStart: number) {
    this.input = input;
    this.object = object;
    this.position = byteStart;
  }

  async read(target: Uint8Array, start: number, end: number): Promise<number> {
    const { key, version, bytes } = this.object;
    const byteStart = this.position;
    const byteEnd = Math.min(byteStart + end - start, bytes);
    if (byteStart >= byteEnd) return 0;
    const count = byteEnd - byteStart;
    const place = target.subarray(start, start + count);
    const answer = await this.input.readRange(key, version, byteStart, byteEnd, place);
    assert(answer.length === count, 'a store answers with all bytes of a range, or with an error');
    if (answer.buffer !== place.buffer || answer.byteOffset !== place.byteOffset) place.set(answer);
    this.position = byteEnd;
    return count;
  }

  async close(): Promise<void> {}
}
