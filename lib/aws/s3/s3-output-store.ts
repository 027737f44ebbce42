import { ListPartsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { assert, OutputUnwritableError, PartMissingError } from '../../errors.ts';
import { isSuccessOf } from '../../output/success-file.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import {
  comparePartNames,
  isPartName,
  type OpenOutput,
  type OutputState,
  type OutputStore,
  type PartWriter,
  type StagedPart,
} from '../../ports/output-store.ts';
import { AccessDeniedError, BucketMissingError } from '../requests/aws-error.ts';
import type { AwsRequests } from '../requests/requests.ts';
import { normalizeOutput, parseS3Location, type S3Location } from './location.ts';
import { ATTEMPT_FIELD, JOB_FIELD } from './part-metadata.ts';
import { deleteKeys } from './s3-deletion.ts';
import { listPage, listPages } from './s3-listing.ts';
import { S3Reader, versionOf } from './s3-reader.ts';
import { abortUpload, completeUpload, type FinishedUpload, isNoSuchUpload, S3Upload } from './s3-upload.ts';
import { formatStagedRef, parseStagedRef } from './staged-ref.ts';
import { PART_BYTES_MIN } from './transfer-sizes.ts';

/** Locations are `s3://bucket/prefix`. */
export function openS3Output(options: { readonly requests: AwsRequests }): OpenOutput {
  return (location, jobId) => new S3OutputStore({ requests: options.requests, location, jobId });
}

/**
 * An output prefix. A part is a multipart upload to its final key that is left uncompleted, which nobody sees and everybody who has its
 * `ref` can complete. The upload carries job and attempt as metadata: so a part whose upload is gone is known as this very attempt's when
 * it was completed before.
 */
export class S3OutputStore implements OutputStore {
  readonly #client: S3Client;
  readonly #reader: S3Reader;
  readonly #bucket: string;
  /** Ends with `/`. */
  readonly #folder: string;
  readonly #jobId: string;
  /** What this store staged, by upload id. */
  readonly #staged = new Map<string, S3Location>();

  constructor(options: { readonly requests: AwsRequests; readonly location: string; readonly jobId: string }) {
    const { bucket, key } = parseS3Location(normalizeOutput(options.location));
    this.#client = options.requests.client(S3Client);
    this.#reader = new S3Reader(options.requests);
    this.#bucket = bucket;
    this.#folder = `${key}/`;
    this.#jobId = options.jobId;
  }

  /** Looks at no more than 1,000 names. */
  async inspect(): Promise<OutputState> {
    return this.#try(async () => {
      const page = await listPage(this.#client, { bucket: this.#bucket, prefix: this.#folder, delimiter: '/' });
      const names = [...page.objects.map(({ key }) => key), ...page.folders].map((key) => key.slice(this.#folder.length));
      const [example] = names.filter((name) => name !== '').sort(comparePartNames);
      if (example === undefined) return { kind: 'empty' };
      const succeeded =
        names.includes(SUCCESS_NAME) || (!page.isLast && (await this.#reader.head(this.#at(SUCCESS_NAME))) !== undefined);
      return { kind: 'occupied', example, succeeded };
    });
  }

  async stage(name: string, attemptId: string): Promise<PartWriter> {
    assert(/^[\w.-]+$/.test(name) && /^[\w.-]+$/.test(attemptId), 'part names and attempt ids are plain words');
    const location = this.#at(name);
    const upload = new S3Upload(this.#client, {
      location,
      metadata: { [JOB_FIELD]: this.#jobId, [ATTEMPT_FIELD]: attemptId },
      heldBytesMax: PART_BYTES_MIN,
    });
    return new S3PartWriter(upload, {
      guard: (work) => this.#try(work),
      stagedOf: (finished) => {
        this.#staged.set(finished.uploadId, location);
        return { name, attemptId, bytes: finished.bytes, ref: formatStagedRef({ ...finished, jobId: this.#jobId }) };
      },
    });
  }

  async publish(part: StagedPart): Promise<'published' | 'gone'> {
    const upload = this.#uploadOf(part);
    if (upload === undefined) return 'gone';
    return this.#try(async () => {
      try {
        await completeUpload(this.#client, this.#at(part.name), upload);
      } catch (error) {
        if (!isUncompletable(error)) throw error;
        return (await this.#isPublished(part)) ? 'published' : 'gone';
      }
      this.#staged.delete(upload.uploadId);
      return 'published';
    });
  }

  async isStaged(part: StagedPart): Promise<'staged' | 'published' | 'gone'> {
    const upload = this.#uploadOf(part);
    if (upload === undefined) return 'gone';
    return this.#try(async () => {
      if (await this.#isUploaded(part.name, upload)) return 'staged';
      return (await this.#isPublished(part)) ? 'published' : 'gone';
    });
  }

  async discard(part: StagedPart): Promise<void> {
    const upload = this.#uploadOf(part);
    if (upload === undefined) return;
    await this.#try(() => abortUpload(this.#client, this.#at(part.name), upload.uploadId));
    this.#staged.delete(upload.uploadId);
  }

  async writeSuccess(content: Uint8Array): Promise<void> {
    const { bucket: Bucket, key: Key } = this.#at(SUCCESS_NAME);
    await this.#try(() =>
      this.#client.send(
        new PutObjectCommand({
          Bucket,
          Key,
          Body: content,
          ContentLength: content.length,
          ContentType: 'application/json',
          ChecksumAlgorithm: 'CRC32',
        }),
      ),
    );
  }

  async readSuccess(): Promise<Uint8Array | undefined> {
    const answer = await this.#try(() => this.#reader.read(this.#at(SUCCESS_NAME)));
    assert(answer.kind !== 'changed', 'a whole object of any version was asked for');
    return answer.kind === 'read' ? answer.bytes : undefined;
  }

  async clear(keep: readonly string[], createdAtMs: number): Promise<void> {
    const success = await this.readSuccess();
    if (success !== undefined && isSuccessOf(success, { jobId: this.#jobId, createdAtMs })) return;
    // Alone: parts must never go while a `_SUCCESS` still vouches for them.
    if (success !== undefined) await this.#delete([SUCCESS_NAME]);
    const kept = new Set(keep);
    const surplus = (await this.#files()).map(({ key }) => key).filter((name) => isPartName(name) && !kept.has(name));
    await this.#delete(surplus);
  }

  async *readPart(name: string): AsyncGenerator<Uint8Array> {
    const location = this.#at(name);
    const path = `s3://${location.bucket}/${location.key}`;
    const head = await this.#reader.head(location);
    if (head === undefined) throw new PartMissingError({ path });
    const bytes = head.ContentLength ?? 0;
    const read = async (byteStart: number): Promise<Uint8Array> => {
      const byteEnd = Math.min(bytes, byteStart + READ_BYTES);
      const answer = await this.#reader.readRange(location, versionOf(head.ETag), byteStart, byteEnd);
      if (answer.kind !== 'read') throw new PartMissingError({ path }, { cause: answer.cause });
      return answer.bytes;
    };
    // One piece ahead.
    let next = bytes > 0 ? read(0) : undefined;
    for (let at = READ_BYTES; next !== undefined; at += READ_BYTES) {
      const piece = await next;
      next = at < bytes ? read(at) : undefined;
      next?.catch(() => undefined); // Told of when its turn comes, if it comes.
      yield piece;
    }
  }

  async listParts(): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
    const files = await this.#try(() => this.#files());
    const parts = files.map(({ key, bytes }) => ({ name: key, bytes })).filter(({ name }) => isPartName(name));
    return parts.sort((left, right) => comparePartNames(left.name, right.name));
  }

  /**
   * Aborts what this store staged and nobody published. Uploads of sandboxes that were killed are recorded nowhere; a bucket's lifecycle
   * rule for incomplete uploads takes them, and nothing can make them visible.
   */
  async sweep(): Promise<void> {
    for (const [uploadId, location] of this.#staged) {
      await this.#try(() => abortUpload(this.#client, location, uploadId));
      this.#staged.delete(uploadId);
    }
  }

  /** The objects directly below the prefix, by name. */
  async #files(): Promise<readonly ObjectInfo[]> {
    const files: ObjectInfo[] = [];
    for await (const { objects } of listPages(this.#client, { bucket: this.#bucket, prefix: this.#folder, delimiter: '/' })) {
      for (const info of objects) files.push({ ...info, key: info.key.slice(this.#folder.length) });
    }
    return files;
  }

  /** Undefined for what is no part of this job. */
  #uploadOf(part: StagedPart): FinishedUpload | undefined {
    const ref = parseStagedRef(part);
    return ref?.jobId === this.#jobId ? ref : undefined;
  }

  async #isUploaded(name: string, { uploadId }: FinishedUpload): Promise<boolean> {
    const { bucket: Bucket, key: Key } = this.#at(name);
    try {
      await this.#client.send(new ListPartsCommand({ Bucket, Key, UploadId: uploadId, MaxParts: 1 }));
      return true;
    } catch (error) {
      if (isNoSuchUpload(error)) return false;
      throw error;
    }
  }

  async #isPublished({ name, attemptId, bytes }: StagedPart): Promise<boolean> {
    const head = await this.#reader.head(this.#at(name));
    const metadata = head?.Metadata ?? {};
    return metadata[ATTEMPT_FIELD] === attemptId && metadata[JOB_FIELD] === this.#jobId && head?.ContentLength === bytes;
  }

  async #delete(names: readonly string[]): Promise<void> {
    const keys = names.map((name) => this.#folder + name);
    await this.#try(() => deleteKeys(this.#client, this.#bucket, keys));
  }

  #at(name: string): S3Location {
    return { bucket: this.#bucket, key: this.#folder + name };
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toUnwritable(error, `s3://${this.#bucket}/${this.#folder}`);
    }
  }
}

const SUCCESS_NAME = '_SUCCESS';
const READ_BYTES = 8 * 1024 * 1024;

/** The upload is gone, or its parts are not what they were: the part has to be made anew. */
function isUncompletable(error: unknown): boolean {
  return isNoSuchUpload(error) || (error instanceof Error && (error.name === 'InvalidPart' || error.name === 'BadDigest'));
}

function toUnwritable(error: unknown, path: string): unknown {
  if (error instanceof BucketMissingError) {
    return new OutputUnwritableError({ path, reason: 'there is no such bucket' }, { cause: error });
  }
  if (error instanceof AccessDeniedError) {
    return new OutputUnwritableError({ path, reason: `${error.values.action} is not allowed` }, { cause: error });
  }
  return error;
}

class S3PartWriter implements PartWriter {
  readonly #upload: S3Upload;
  readonly #store: {
    readonly guard: <T>(work: () => Promise<T>) => Promise<T>;
    readonly stagedOf: (finished: FinishedUpload) => StagedPart;
  };
  #state: 'open' | 'finished' | 'aborted' = 'open';

  constructor(
    upload: S3Upload,
    store: {
      readonly guard: <T>(work: () => Promise<T>) => Promise<T>;
      readonly stagedOf: (finished: FinishedUpload) => StagedPart;
    },
  ) {
    this.#upload = upload;
    this.#store = store;
  }

  async write(bytes: Uint8Array): Promise<void> {
    assert(this.#state === 'open', 'a part that was finished or aborted takes no more bytes');
    await this.#store.guard(() => this.#upload.write(bytes));
  }

  async finish(): Promise<StagedPart> {
    assert(this.#state === 'open', 'a part is finished once');
    const finished = await this.#store.guard(() => this.#upload.finish());
    this.#state = 'finished';
    return this.#store.stagedOf(finished);
  }

  async abort(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'aborted';
    await this.#store.guard(() => this.#upload.abort());
  }
}
