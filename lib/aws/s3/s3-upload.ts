import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { assert } from '../../errors.ts';
import type { S3Location } from './location.ts';
import { PART_BYTES_MIN, partBytesAt } from './transfer-sizes.ts';

const PARTS_MAX = 10_000;
/** With the part that is being filled, what an upload may hold in memory. */
const PARTS_IN_FLIGHT = 2;
const FIRST_ROOM_BYTES = 64 * 1024;

/** What is needed to complete an upload. Plain data. */
export type FinishedUpload = {
  readonly uploadId: string;
  /** ETag and CRC-32 (base64) of each part, in order. */
  readonly parts: readonly (readonly [etag: string, crc: string])[];
  readonly bytes: number;
  /** CRC-32 of the whole, base64. */
  readonly crc: string;
};

/**
 * Bytes on their way to one object. Up to `heldBytesMax` they are kept, and may be written in one request; beyond, they go out as parts of a
 * multipart upload while the caller goes on. Every part and the whole travel with their CRC-32, which S3 checks.
 */
export class S3Upload {
  readonly #client: S3Client;
  readonly #location: S3Location;
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #heldBytesMax: number;
  readonly #parts: (readonly [string, string])[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #uploadId: Promise<string> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #buffer = new Uint8Array(FIRST_ROOM_BYTES);
  #filled = 0;
  #started = 0;
  #crc = 0;
  bytes = 0;

  constructor(
    client: S3Client,
    options: {
      readonly location: S3Location;
      readonly metadata: Readonly<Record<string, string>>;
      /** At least `PART_BYTES_MIN`. */
      readonly heldBytesMax: number;
    },
  ) {
    assert(options.heldBytesMax >= PART_BYTES_MIN, 'what is held makes at least a part');
    this.#client = client;
    this.#location = options.location;
    this.#metadata = options.metadata;
    this.#heldBytesMax = options.heldBytesMax;
  }

  /** All bytes while none have been sent; undefined once an upload is under way. */
  get held(): Uint8Array | undefined {
    return this.#uploadId === undefined ? this.#buffer.subarray(0, this.#filled) : undefined;
  }

  /** The caller may reuse `bytes` once the promise resolves. Throws what went wrong with an earlier part. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#crc = crc32(bytes, this.#crc);
    this.bytes += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      if (this.#filled === this.#roomMax()) await this.#sendPart();
      const count = Math.min(bytes.length - at, this.#roomMax() - this.#filled);
      this.#append(bytes.subarray(at, at + count));
      at += count;
    }
  }

  /** Everything is in S3 and nothing can be seen. An upload without bytes has one empty part. */
  async finish(): Promise<FinishedUpload> {
    if (this.#filled > 0 || this.#started === 0) await this.#sendPart();
    await Promise.all(this.#inFlight);
    this.#check();
    return { uploadId: await this.#begun(), parts: this.#parts, bytes: this.bytes, crc: base64Of(this.#crc) };
  }

  /** Drops all parts. Safe at any time, but for a completed upload, which it leaves. */
  async abort(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#inFlight);
    const uploadId = await this.#uploadId?.catch(() => undefined);
    if (uploadId !== undefined) await abortUpload(this.#client, this.#location, uploadId);
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#filled + bytes.length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.min(this.#roomMax(), Math.max(needed, 2 * this.#buffer.length)));
      grown.set(this.#buffer.subarray(0, this.#filled));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#filled);
    this.#filled = needed;
  }

  #roomMax(): number {
    return this.#started === 0 ? this.#heldBytesMax : partBytesAt(this.#started);
  }

  async #sendPart(): Promise<void> {
    while (this.#inFlight.size >= PARTS_IN_FLIGHT) await Promise.race(this.#inFlight);
    this.#check();
    const number = ++this.#started;
    assert(number <= PARTS_MAX, 'one object of S3 has at most 10,000 parts: use more reduce tasks');
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#buffer = new Uint8Array(Math.min(this.#buffer.length, this.#roomMax()));
    this.#filled = 0;
    const sent: Promise<void> = this.#uploadPart(number, bytes).then(
      () => void this.#inFlight.delete(sent),
      (error) => {
        this.#inFlight.delete(sent);
        this.#failure ??= { error };
      },
    );
    this.#inFlight.add(sent);
  }

  async #uploadPart(number: number, bytes: Uint8Array): Promise<void> {
    const crc = base64Of(crc32(bytes));
    const command = new UploadPartCommand({
      Bucket: this.#location.bucket,
      Key: this.#location.key,
      UploadId: await this.#begun(),
      PartNumber: number,
      Body: bytes,
      ContentLength: bytes.length,
      ChecksumCRC32: crc,
    });
    const { ETag } = await this.#client.send(command, { abortSignal: this.#stop.signal });
    this.#parts[number - 1] = [(ETag ?? '').replaceAll('"', ''), crc];
  }

  #begun(): Promise<string> {
    this.#uploadId ??= this.#begin();
    return this.#uploadId;
  }

  async #begin(): Promise<string> {
    const { UploadId } = await this.#client.send(
      new CreateMultipartUploadCommand({
        Bucket: this.#location.bucket,
        Key: this.#location.key,
        Metadata: this.#metadata,
        ChecksumAlgorithm: 'CRC32',
        ChecksumType: 'FULL_OBJECT',
      }),
    );
    assert(UploadId !== undefined, 'S3 names every upload');
    return UploadId;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Makes the object visible and answers with its ETag. `NoSuchUpload` comes as the SDK throws it: it may have been completed before. */
export async function completeUpload(client: S3Client, location: S3Location, upload: FinishedUpload): Promise<string> {
  const { ETag } = await client.send(
    new CompleteMultipartUploadCommand({
      Bucket: location.bucket,
      Key: location.key,
      UploadId: upload.uploadId,
      MultipartUpload: {
        Parts: upload.parts.map(([etag, crc], at) => ({ PartNumber: at + 1, ETag: `"${etag}"`, ChecksumCRC32: crc })),
      },
      ChecksumCRC32: upload.crc,
      ChecksumType: 'FULL_OBJECT',
      MpuObjectSize: upload.bytes,
    }),
  );
  return (ETag ?? '').replaceAll('"', '');
}

/** Nothing happens to an upload that is gone or completed. */
export async function abortUpload(client: S3Client, { bucket, key }: S3Location, uploadId: string): Promise<void> {
  try {
    await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }));
  } catch (error) {
    if (!isNoSuchUpload(error)) throw error;
  }
}

export function isNoSuchUpload(error: unknown): boolean {
  return error instanceof Error && error.name === 'NoSuchUpload';
}

/** A CRC-32 as S3 writes it: base64 of its four bytes, the highest first. */
export function base64Of(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}
