import { HeadObjectCommand, type HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { assert } from '../../errors.ts';
import { statusOf } from '../requests/aws-error.ts';
import { Hedge } from '../requests/hedge.ts';
import { forEachOf } from '../requests/in-flight.ts';
import type { AwsRequests } from '../requests/requests.ts';
import type { S3Location } from './location.ts';
import { fetchBytes } from './s3-body.ts';
import { GET_BYTES_MAX } from './transfer-sizes.ts';

/** A range larger than one GET takes is fetched in pieces, side by side: one connection to S3 gives some 50-90 MB/s. */
const PIECES_IN_FLIGHT = 8;
/** Requests up to this size are as slow as their first byte; larger ones have their own measure of slow. */
const SMALL_BYTES_MAX = 512 * 1024;
const SMALL_HEDGE_MS_MIN = 100;
const LARGE_HEDGE_MS_MIN = 500;

export type ReadAnswer =
  | { readonly kind: 'read'; readonly bytes: Uint8Array; readonly version: string }
  | { readonly kind: 'missing'; readonly cause: unknown }
  /** Another version, or shorter than the range. */
  | { readonly kind: 'changed'; readonly found: string; readonly cause?: unknown };

/** Reads objects and ranges of them. What is not there, or not as expected, is an answer. */
export class S3Reader {
  readonly #client: S3Client;
  readonly #small: Hedge;
  readonly #large: Hedge;

  constructor(requests: AwsRequests) {
    const { clock } = requests;
    this.#client = requests.client(S3Client);
    this.#small = new Hedge({ clock, leastMs: SMALL_HEDGE_MS_MIN });
    this.#large = new Hedge({ clock, leastMs: LARGE_HEDGE_MS_MIN });
  }

  /** Undefined for a missing object. */
  async head({ bucket, key }: S3Location): Promise<HeadObjectCommandOutput | undefined> {
    try {
      return await this.#client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** The whole object, checked against the CRC that S3 keeps of it. */
  async read({ bucket, key }: S3Location): Promise<ReadAnswer> {
    return answered(async () => {
      const { output, bytes } = await this.#small.run((signal) =>
        fetchBytes(
          this.#client,
          { Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' },
          (length) => new Uint8Array(length),
          signal,
        ),
      );
      return { kind: 'read', bytes, version: versionOf(output.ETag) };
    });
  }

  /** Bytes [byteStart, byteEnd) of `version`, or of whichever there is. With `target` the answer is a view of its first bytes. */
  async readRange(
    location: S3Location,
    version: string | undefined,
    byteStart: number,
    byteEnd: number,
    target?: Uint8Array,
  ): Promise<ReadAnswer> {
    const bytes = target === undefined ? new Uint8Array(byteEnd - byteStart) : target.subarray(0, byteEnd - byteStart);
    assert(bytes.length === byteEnd - byteStart, 'a target holds the whole range');
    if (bytes.length === 0) return this.#readNothing(location, version, byteEnd, bytes);
    return answered(async () => {
      let found = version;
      let changed: ReadAnswer | undefined;
      await forEachOf(cut(bytes.length), PIECES_IN_FLIGHT, async ([start, end], signal) => {
        const piece = bytes.subarray(start, end);
        const answer = await this.#readPiece(location, version, byteStart + start, piece, signal);
        if (answer.kind !== 'read') {
          changed = answer;
          return;
        }
        found ??= answer.version;
        if (answer.version !== found) changed = { kind: 'changed', found: `version ${answer.version} beside ${found}` };
      });
      return changed ?? { kind: 'read', bytes, version: found ?? '' };
    });
  }

  /** S3 has no empty ranges; an empty one still says whether the object is there, and as expected. */
  async #readNothing(location: S3Location, version: string | undefined, byteEnd: number, bytes: Uint8Array): Promise<ReadAnswer> {
    const head = await this.head(location);
    if (head === undefined) return { kind: 'missing', cause: undefined };
    const found = versionOf(head.ETag);
    if (version !== undefined && version !== found) return { kind: 'changed', found: `version ${found}` };
    if ((head.ContentLength ?? 0) < byteEnd) return { kind: 'changed', found: `${head.ContentLength} bytes` };
    return { kind: 'read', bytes, version: found };
  }

  async #readPiece(
    { bucket, key }: S3Location,
    version: string | undefined,
    byteStart: number,
    piece: Uint8Array,
    signal: AbortSignal,
  ): Promise<ReadAnswer> {
    // HTTP ranges name their last byte.
    const Range = `bytes=${byteStart}-${byteStart + piece.length - 1}`;
    const input = { Bucket: bucket, Key: key, Range, ...(version !== undefined && { IfMatch: `"${version}"` }) };
    const hedge = piece.length <= SMALL_BYTES_MAX ? this.#small : this.#large;
    const { output, bytes } = await hedge.run(async (own, which) => {
      // Two requests never write to one array: the second has its own, and is copied when it wins.
      const allocate = (length: number): Uint8Array =>
        which === 'first' && length === piece.length ? piece : new Uint8Array(length);
      return fetchBytes(this.#client, input, allocate, own);
    }, signal);
    if (bytes.length !== piece.length) {
      return { kind: 'changed', found: `${byteStart + bytes.length} bytes (${output.ContentRange ?? 'no range'})` };
    }
    if (bytes !== piece) piece.set(bytes);
    return { kind: 'read', bytes: piece, version: versionOf(output.ETag) };
  }
}

/** An ETag without its quotes, which names a version of an object. */
export function versionOf(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

/** Equal pieces of at most `GET_BYTES_MAX`. */
function cut(bytes: number): readonly (readonly [number, number])[] {
  const count = Math.ceil(bytes / GET_BYTES_MAX);
  return Array.from({ length: count }, (_, at) => [Math.floor((bytes * at) / count), Math.floor((bytes * (at + 1)) / count)]);
}

/** The errors that answer the question. */
async function answered(work: () => Promise<ReadAnswer>): Promise<ReadAnswer> {
  try {
    return await work();
  } catch (error) {
    const status = statusOf(error);
    if (status === 404 && (error as Error).name !== 'NoSuchBucket') return { kind: 'missing', cause: error };
    if (status === 412) return { kind: 'changed', found: 'another version', cause: error };
    if (status === 416) return { kind: 'changed', found: 'an object that ends before', cause: error };
    throw error;
  }
}
