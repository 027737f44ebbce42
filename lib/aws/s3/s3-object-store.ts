import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { assert, InputChangedError, ObjectMissingError } from '../../errors.ts';
import type { Ids } from '../../ports/ids.ts';
import { assertObjectKey, type ObjectInfo, type ObjectStore, type ObjectWriter } from '../../ports/object-store.ts';
import { statusOf } from '../requests/aws-error.ts';
import type { AwsRequests } from '../requests/requests.ts';
import type { S3Location } from './location.ts';
import { deleteKeys } from './s3-deletion.ts';
import { listPages } from './s3-listing.ts';
import { type ReadAnswer, S3Reader, versionOf } from './s3-reader.ts';
import { completeUpload, isNoSuchUpload, S3Upload } from './s3-upload.ts';
import { ONE_PUT_BYTES_MAX } from './transfer-sizes.ts';

/** Names the call that wrote an object, so that a repeated request knows its own work when the first reply was lost. */
const WRITE_ID = 'refold-write';

/**
 * The work area in a bucket, below `prefix` ('' or ends with `/`). A version is an ETag. Every write carries a CRC-32 that S3 checks, and a
 * whole object is checked as it is read; ranges are not, since S3 keeps no checksums of them.
 */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #reader: S3Reader;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #ids: Ids;

  constructor(options: { readonly requests: AwsRequests; readonly bucket: string; readonly prefix: string; readonly ids: Ids }) {
    assert(options.prefix === '' || options.prefix.endsWith('/'), 'a prefix of the work area is a folder');
    this.#client = options.requests.client(S3Client);
    this.#reader = new S3Reader(options.requests);
    this.#bucket = options.bucket;
    this.#prefix = options.prefix;
    this.#ids = options.ids;
  }

  async *list(prefix: string): AsyncGenerator<readonly ObjectInfo[]> {
    for await (const { objects } of listPages(this.#client, { bucket: this.#bucket, prefix: this.#prefix + prefix })) {
      if (objects.length > 0) yield objects.map((info) => ({ ...info, key: info.key.slice(this.#prefix.length) }));
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const head = await this.#reader.head(this.#at(key));
    return head && { key, bytes: head.ContentLength ?? 0, version: versionOf(head.ETag) };
  }

  async readRange(
    key: string,
    version: string | undefined,
    byteStart: number,
    byteEnd: number,
    target?: Uint8Array,
  ): Promise<Uint8Array> {
    const answer = await this.#reader.readRange(this.#at(key), version, byteStart, byteEnd, target);
    return bytesOf(key, answer, version === undefined ? `at least ${byteEnd} bytes` : `version ${version}`);
  }

  async read(key: string): Promise<Uint8Array> {
    return bytesOf(key, await this.#reader.read(this.#at(key)), 'one version');
  }

  async put(key: string, bytes: Uint8Array): Promise<ObjectInfo> {
    const { bucket: Bucket, key: Key } = this.#at(key);
    const { ETag } = await this.#client.send(new PutObjectCommand({ Bucket, Key, ...bodyOf(bytes) }));
    return { key, bytes: bytes.length, version: versionOf(ETag) };
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<'written' | 'exists'> {
    const { bucket: Bucket, key: Key } = this.#at(key);
    const writeId = this.#ids.newId();
    try {
      await this.#client.send(
        new PutObjectCommand({ Bucket, Key, ...bodyOf(bytes), IfNoneMatch: '*', Metadata: { [WRITE_ID]: writeId } }),
      );
      return 'written';
    } catch (error) {
      if (statusOf(error) !== 412) throw error;
      // After a try whose reply was lost, what exists may be what this call wrote.
      const tries = (error as { $metadata?: { attempts?: number } }).$metadata?.attempts ?? 1;
      return tries > 1 && (await this.#wroteIt(key, writeId)) !== undefined ? 'written' : 'exists';
    }
  }

  async create(key: string): Promise<ObjectWriter> {
    const writeId = this.#ids.newId();
    const location = this.#at(key);
    const upload = new S3Upload(this.#client, {
      location,
      metadata: { [WRITE_ID]: writeId },
      heldBytesMax: ONE_PUT_BYTES_MAX,
    });
    return new S3ObjectWriter(upload, {
      put: (bytes) => this.put(key, bytes),
      complete: async () => {
        const finished = await upload.finish();
        try {
          return { key, bytes: finished.bytes, version: await completeUpload(this.#client, location, finished) };
        } catch (error) {
          const written = isNoSuchUpload(error) ? await this.#wroteIt(key, writeId) : undefined;
          if (written === undefined) throw error;
          return written;
        }
      },
    });
  }

  async delete(keys: readonly string[]): Promise<void> {
    await deleteKeys(
      this.#client,
      this.#bucket,
      keys.map((key) => this.#at(key).key),
    );
  }

  /** The object, if this very call wrote it. */
  async #wroteIt(key: string, writeId: string): Promise<ObjectInfo | undefined> {
    const head = await this.#reader.head(this.#at(key));
    if (head?.Metadata?.[WRITE_ID] !== writeId) return undefined;
    return { key, bytes: head.ContentLength ?? 0, version: versionOf(head.ETag) };
  }

  #at(key: string): S3Location {
    assertObjectKey(key);
    return { bucket: this.#bucket, key: this.#prefix + key };
  }
}

/** The SDK computes and sends the CRC. */
function bodyOf(bytes: Uint8Array) {
  return { Body: bytes, ContentLength: bytes.length, ChecksumAlgorithm: 'CRC32' } as const;
}

function bytesOf(key: string, answer: ReadAnswer, expected: string): Uint8Array {
  if (answer.kind === 'read') return answer.bytes;
  if (answer.kind === 'missing') throw new ObjectMissingError({ key }, { cause: answer.cause });
  throw new InputChangedError({ key, expected, found: answer.found }, { cause: answer.cause });
}

class S3ObjectWriter implements ObjectWriter {
  readonly #upload: S3Upload;
  readonly #ends: { readonly put: (bytes: Uint8Array) => Promise<ObjectInfo>; readonly complete: () => Promise<ObjectInfo> };
  #state: 'open' | 'completed' | 'aborted' = 'open';

  constructor(
    upload: S3Upload,
    ends: { readonly put: (bytes: Uint8Array) => Promise<ObjectInfo>; readonly complete: () => Promise<ObjectInfo> },
  ) {
    this.#upload = upload;
    this.#ends = ends;
  }

  async write(bytes: Uint8Array): Promise<void> {
    assert(this.#state === 'open', 'an object that was completed or aborted takes no more bytes');
    await this.#upload.write(bytes);
  }

  async complete(): Promise<ObjectInfo> {
    assert(this.#state === 'open', 'an object is completed once');
    const { held } = this.#upload;
    const info = held === undefined ? await this.#ends.complete() : await this.#ends.put(held);
    this.#state = 'completed';
    return info;
  }

  async abort(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'aborted';
    await this.#upload.abort();
  }
}
