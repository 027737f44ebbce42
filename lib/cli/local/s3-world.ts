import { AwsRequests } from '../../aws/requests/requests.ts';
import { S3InputStore } from '../../aws/s3/s3-input-store.ts';
import { FileInputStore } from '../../local/files/file-input-store.ts';
import { type LocalSettings, openLocalWorld } from '../../local/world/local-world.ts';
import { isS3Location } from '../../node/s3-location.ts';
import type { InputStore } from '../../ports/input-store.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import type { World } from '../../ports/world.ts';

/** A job of this machine that reads from S3 too. Loading it loads the AWS clients, so only such a job does. */
export function openS3World(settings: LocalSettings, writeLog?: (line: string) => void): World {
  const files = new FileInputStore({ cwd: settings.cwd });
  const objects = new S3InputStore({ requests: new AwsRequests() });
  return { ...openLocalWorld(settings, writeLog), input: new MixedInputStore(files, objects) };
}

/** Locations and keys that begin with `s3://` are one store's, all others the other's. */
class MixedInputStore implements InputStore {
  /** Of the store whose requests are slow and paid for. */
  readonly chunkBytes: number;
  readonly #files: InputStore;
  readonly #objects: InputStore;

  constructor(files: InputStore, objects: InputStore & { readonly chunkBytes: number }) {
    this.#files = files;
    this.#objects = objects;
    this.chunkBytes = objects.chunkBytes;
  }

  list(location: string): AsyncIterable<readonly ObjectInfo[]> {
    return this.#of(location).list(location);
  }

  readRange(key: string, version: string, byteStart: number, byteEnd: number, target?: Uint8Array): Promise<Uint8Array> {
    return this.#of(key).readRange(key, version, byteStart, byteEnd, target);
  }

  #of(location: string): InputStore {
    return isS3Location(location) ? this.#objects : this.#files;
  }
}
