import { assert, InputChangedError, ObjectMissingError } from '../errors.ts';
import { compareKeys } from '../ports/key-order.ts';
import { assertObjectKey, type ObjectInfo, type ObjectStore, type ObjectWriter } from '../ports/object-store.ts';

type Held = { readonly info: ObjectInfo; readonly bytes: Uint8Array };

/** A work area in memory, for `testJob` and the simulation. */
export class MemoryObjectStore implements ObjectStore {
  readonly #objects = new Map<string, Held>();
  #puts = 0;

  async *list(prefix: string): AsyncGenerator<readonly ObjectInfo[]> {
    const found = [...this.#objects.values()].map((held) => held.info).filter((info) => info.key.startsWith(prefix));
    found.sort((left, right) => compareKeys(left.key, right.key));
    for (let at = 0; at < found.length; at += PAGE_OBJECTS_MAX) yield found.slice(at, at + PAGE_OBJECTS_MAX);
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    assertObjectKey(key);
    return this.#objects.get(key)?.info;
  }

  async readRange(
    key: string,
    version: string | undefined,
    byteStart: number,
    byteEnd: number,
    target?: Uint8Array,
  ): Promise<Uint8Array> {
    const { info, bytes } = this.#held(key);
    if (version !== undefined && version !== info.version) {
      throw new InputChangedError({ key, expected: version, found: info.version });
    }
    if (byteEnd > bytes.length) {
      throw new InputChangedError({ key, expected: `at least ${byteEnd} bytes`, found: `${bytes.length} bytes` });
    }
    return copyRange(bytes, byteStart, byteEnd, target);
  }

  async read(key: string): Promise<Uint8Array> {
    return this.#held(key).bytes.slice();
  }

  async put(key: string, bytes: Uint8Array): Promise<ObjectInfo> {
    assertObjectKey(key);
    const info = { key, bytes: bytes.length, version: `v${++this.#puts}` };
    this.#objects.set(key, { info, bytes: bytes.slice() });
    return info;
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<'written' | 'exists'> {
    if (this.#objects.has(key)) return 'exists';
    await this.put(key, bytes);
    return 'written';
  }

  async create(key: string): Promise<ObjectWriter> {
    assertObjectKey(key);
    return new MemoryObjectWriter((bytes) => this.put(key, bytes));
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      assertObjectKey(key);
      this.#objects.delete(key);
    }
  }

  #held(key: string): Held {
    assertObjectKey(key);
    const held = this.#objects.get(key);
    if (held === undefined) throw new ObjectMissingError({ key });
    return held;
  }
}

const PAGE_OBJECTS_MAX = 1000;

class MemoryObjectWriter implements ObjectWriter {
  readonly #put: (bytes: Uint8Array) => Promise<ObjectInfo>;
  readonly #pieces: Uint8Array[] = [];
  #ended = false;

  constructor(put: (bytes: Uint8Array) => Promise<ObjectInfo>) {
    this.#put = put;
  }

  async write(bytes: Uint8Array): Promise<void> {
    assert(!this.#ended, 'an object that was completed or aborted takes no more bytes');
    this.#pieces.push(bytes.slice());
  }

  async complete(): Promise<ObjectInfo> {
    assert(!this.#ended, 'an object is completed once');
    this.#ended = true;
    return this.#put(joinBytes(this.#pieces));
  }

  async abort(): Promise<void> {
    this.#ended = true;
  }
}

/** A copy of bytes[byteStart, byteEnd), in `target` if there is one. */
export function copyRange(bytes: Uint8Array, byteStart: number, byteEnd: number, target?: Uint8Array): Uint8Array {
  const range = bytes.subarray(byteStart, byteEnd);
  if (target === undefined) return range.slice();
  assert(target.length >= range.length, 'a target holds the whole range');
  target.set(range);
  return target.subarray(0, range.length);
}

export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
