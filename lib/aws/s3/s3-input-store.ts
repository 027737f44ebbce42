import { S3Client } from '@aws-sdk/client-s3';
import { InputChangedError, InputMissingError, InputUnreadableError } from '../../errors.ts';
import { type InputGlob, parseInputGlob } from '../../node/input-glob.ts';
import type { InputStore } from '../../ports/input-store.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import { AccessDeniedError, BucketMissingError } from '../requests/aws-error.ts';
import type { AwsRequests } from '../requests/requests.ts';
import { folderOf, formatS3Location, literalPrefix, parseS3Location, type S3Location } from './location.ts';
import { listPage } from './s3-listing.ts';
import { type ReadAnswer, S3Reader } from './s3-reader.ts';
import { listTree } from './s3-tree-listing.ts';
import { GET_BYTES_MAX } from './transfer-sizes.ts';

/**
 * Input objects in any bucket. A location is `s3://bucket/key`, or a prefix with all that is below it, or a glob whose matches are keys
 * and prefixes. `s3://bucket/logs` is the object of that key, else what lies below `logs/`. A version is an ETag.
 */
export class S3InputStore implements InputStore {
  readonly chunkBytes = GET_BYTES_MAX;
  readonly #client: S3Client;
  readonly #reader: S3Reader;

  constructor(options: { readonly requests: AwsRequests }) {
    this.#client = options.requests.client(S3Client);
    this.#reader = new S3Reader(options.requests);
  }

  async *list(location: string): AsyncGenerator<readonly ObjectInfo[]> {
    const { bucket, key } = parseS3Location(location, '--input');
    try {
      const object = await this.#find({ bucket, key });
      if (object !== undefined && object !== 'denied') yield [inBucket(bucket, object)];
      else if (await this.#isThere({ bucket, key: folderOf(key) })) yield* this.#listBelow(bucket, folderOf(key), folderOf(key));
      else if (object === 'denied') throw new InputUnreadableError({ key: location, reason: 's3:ListBucket is not allowed' });
      else yield* this.#listMatches(location, { bucket, key });
    } catch (error) {
      throw toInputError(error, location);
    }
  }

  async readRange(key: string, version: string, byteStart: number, byteEnd: number, target?: Uint8Array): Promise<Uint8Array> {
    const location = parseS3Location(key);
    let answer: ReadAnswer;
    try {
      answer = await this.#reader.readRange(location, version, byteStart, byteEnd, target);
    } catch (error) {
      throw toInputError(error, key);
    }
    if (answer.kind === 'read') return answer.bytes;
    const found = answer.kind === 'missing' ? 'no object' : answer.found;
    throw new InputChangedError({ key, expected: `version ${version}`, found }, { cause: answer.cause });
  }

  /**
   * The object of exactly this key: the first of the listing that begins with it, if it is there. A role that may list `logs/` and nothing
   * else is denied a look at `logs`, which may well be that folder.
   */
  async #find({ bucket, key }: S3Location): Promise<ObjectInfo | 'denied' | undefined> {
    if (key === '' || key.endsWith('/')) return undefined;
    try {
      const { objects } = await listPage(this.#client, { bucket, prefix: key, keysMax: 1 });
      return objects[0]?.key === key ? objects[0] : undefined;
    } catch (error) {
      if (error instanceof AccessDeniedError) return 'denied';
      throw error;
    }
  }

  async #isThere({ bucket, key }: S3Location): Promise<boolean> {
    const { objects } = await listPage(this.#client, { bucket, prefix: key, keysMax: 1 });
    return objects.length > 0;
  }

  async *#listMatches(location: string, { bucket, key }: S3Location): AsyncGenerator<readonly ObjectInfo[]> {
    const glob = parseInputGlob(key);
    if (glob === undefined) throw new InputMissingError({ location });
    const folder = glob.folderKey === '.' ? '' : folderOf(glob.folderKey);
    let matched = false;
    for await (const page of this.#listBelow(bucket, literalPrefix(key), folder, glob)) {
      matched = true;
      yield page;
    }
    if (!matched) throw new InputMissingError({ location });
  }

  /** Keys that begin with `prefix`, without those that are hidden below `folder`, and with a glob, only its matches. */
  async *#listBelow(bucket: string, prefix: string, folder: string, glob?: InputGlob): AsyncGenerator<readonly ObjectInfo[]> {
    for await (const objects of listTree(this.#client, bucket, prefix)) {
      const page = objects.filter(
        (info) =>
          isData(info) && !isHidden(info.key.slice(folder.length), glob) && (glob === undefined || glob.matches(info.key)),
      );
      if (page.length > 0) yield page.map((info) => inBucket(bucket, info));
    }
  }
}

function inBucket(bucket: string, info: ObjectInfo): ObjectInfo {
  return { ...info, key: formatS3Location({ bucket, key: info.key }) };
}

/** An empty object with a slash at its end stands for a folder, as consoles make them. */
function isData({ key, bytes }: ObjectInfo): boolean {
  return bytes > 0 || !key.endsWith('/');
}

function isHidden(way: string, glob: InputGlob | undefined): boolean {
  return way.split('/').some((name) => (name.startsWith('_') || name.startsWith('.')) && glob?.namesHidden(name) !== true);
}

function toInputError(error: unknown, location: string): unknown {
  if (error instanceof BucketMissingError) return new InputMissingError({ location }, { cause: error });
  if (error instanceof AccessDeniedError) {
    return new InputUnreadableError({ key: location, reason: `${error.values.action} is not allowed` }, { cause: error });
  }
  if (error instanceof Error && error.name === 'InvalidObjectState') {
    return new InputUnreadableError({ key: location, reason: 'it is archived and must be restored first' }, { cause: error });
  }
  return error;
}
