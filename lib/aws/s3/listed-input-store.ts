import { InputMissingError } from '../../errors.ts';
import type { InputStore } from '../../ports/input-store.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import type { World } from '../../ports/world.ts';
import { readJson } from '../../work/json-object.ts';

const SCHEME = 'refold-list:';
const LIST_GONE =
  'The list of the uploads that started the job is gone from the work area. Submit the objects as the input of a new job, or upload them again.';
const PAGE_OBJECTS_MAX = 1000;

/** An object of the work area that names the objects of an input, with the versions to read. Written once. */
export type ObjectList = { readonly objects: readonly ObjectInfo[] };

/** The location of an input that is a list: `refold-list:<key in the work area>`. */
export const listLocation = (key: string): string => `${SCHEME}${key}`;
export const isListLocation = (location: string): boolean => location.startsWith(SCHEME);

/**
 * An input store that knows lists besides the locations of another store: uploads that started a job are its input by name and version, and
 * not by a prefix where more may have arrived since.
 */
export class ListedInputStore implements InputStore {
  readonly chunkBytes?: number;
  readonly #store: InputStore;
  readonly #work: World['work'];

  constructor(store: InputStore, work: World['work']) {
    this.#store = store;
    this.#work = work;
    if (store.chunkBytes !== undefined) this.chunkBytes = store.chunkBytes;
  }

  /** @throws InputMissingError when a list is gone, besides what the store throws */
  async *list(location: string): AsyncGenerator<readonly ObjectInfo[]> {
    if (!isListLocation(location)) {
      yield* this.#store.list(location);
      return;
    }
    const list = await readJson<ObjectList>({ work: this.#work }, location.slice(SCHEME.length));
    if (list === undefined) throw new InputMissingError({ location, hint: LIST_GONE });
    for (let at = 0; at < list.objects.length; at += PAGE_OBJECTS_MAX) yield list.objects.slice(at, at + PAGE_OBJECTS_MAX);
  }

  readRange(key: string, version: string, byteStart: number, byteEnd: number, target?: Uint8Array): Promise<Uint8Array> {
    return this.#store.readRange(key, version, byteStart, byteEnd, target);
  }
}
