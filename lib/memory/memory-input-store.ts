import { InputChangedError, InputMissingError } from '../errors.ts';
import type { InputStore } from '../ports/input-store.ts';
import { compareKeys } from '../ports/key-order.ts';
import type { ObjectInfo } from '../ports/object-store.ts';
import { copyRange } from './memory-object-store.ts';

/** Input that is given as values. A location is a key, or a folder of keys; there are no globs. */
export class MemoryInputStore implements InputStore {
  readonly #objects = new Map<string, { readonly info: ObjectInfo; readonly bytes: Uint8Array }>();
  readonly #folders = new Set<string>();
  #writes = 0;

  /** Adds an object, or changes it. */
  write(key: string, content: Uint8Array | string): void {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();
    this.#objects.set(key, { info: { key, bytes: bytes.length, version: `v${++this.#writes}` }, bytes });
  }

  /** A folder that may stay empty. */
  makeFolder(folder: string): void {
    this.#folders.add(folder);
  }

  remove(key: string): void {
    this.#objects.delete(key);
  }

  async *list(location: string): AsyncGenerator<readonly ObjectInfo[]> {
    const folder = location.replace(/\/+$/, '');
    const infos = [...this.#objects.values()].map(({ info }) => info);
    const below = infos.filter(({ key }) => key.startsWith(`${folder}/`));
    const exact = this.#objects.get(location)?.info;
    if (exact === undefined && below.length === 0 && !this.#folders.has(folder)) throw new InputMissingError({ location });
    const found = exact ? [exact] : below.filter(({ key }) => !/(?:^|\/)[._]/.test(key.slice(folder.length + 1)));
    found.sort((left, right) => compareKeys(left.key, right.key));
    for (let at = 0; at < found.length; at += PAGE_OBJECTS_MAX) yield found.slice(at, at + PAGE_OBJECTS_MAX);
  }

  async readRange(key: string, version: string, byteStart: number, byteEnd: number, target?: Uint8Array): Promise<Uint8Array> {
    const held = this.#objects.get(key);
    if (held === undefined) throw new InputChangedError({ key, expected: version, found: 'no object' });
    const { info, bytes } = held;
    if (info.version !== version) throw new InputChangedError({ key, expected: version, found: info.version });
    if (byteEnd > bytes.length) {
      throw new InputChangedError({ key, expected: `at least ${byteEnd} bytes`, found: `${bytes.length} bytes` });
    }
    return copyRange(bytes, byteStart, byteEnd, target);
  }
}

const PAGE_OBJECTS_MAX = 1000;
