import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BucketMissingError, TransientError } from '../../../lib/aws/requests/aws-error.ts';
import { S3ObjectStore } from '../../../lib/aws/s3/s3-object-store.ts';
import { base64Of } from '../../../lib/aws/s3/s3-upload.ts';
import { GET_BYTES_MAX, ONE_PUT_BYTES_MAX } from '../../../lib/aws/s3/transfer-sizes.ts';
import { InputChangedError, ObjectMissingError } from '../../../lib/errors.ts';
import { CountingIds } from '../../../lib/memory/memory-world.ts';
import { networkError, type ScriptedAnswer, type SentRequest, s3Error, scriptedAws } from '../scripted-aws.ts';

function storeOver(answer: (request: SentRequest, index: number) => ScriptedAnswer | Promise<ScriptedAnswer>) {
  const { requests, sent } = scriptedAws(answer);
  return { store: new S3ObjectStore({ requests, bucket: 'work', prefix: 'x/', ids: new CountingIds() }), requests, sent };
}

const CONTENT = Buffer.from('0123456789');

/** Answers GETs of one object, ranges and all. */
function objectOf(content: Uint8Array, etag = 'v1'): (request: SentRequest) => ScriptedAnswer {
  return ({ headers }) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? headers.Range ?? '') ?? [];
    const body = start === undefined ? content : content.subarray(Number(start), Number(end) + 1);
    return { status: start === undefined ? 200 : 206, headers: { etag: `"${etag}"` }, body };
  };
}

/** A body that breaks off after some of its bytes. */
function brokenBody(bytes: Uint8Array, announced: number): ScriptedAnswer {
  async function* pieces() {
    yield bytes;
    throw networkError('ECONNRESET');
  }
  return { headers: { 'content-length': String(announced), etag: '"v1"' }, body: Readable.from(pieces()) };
}

describe('S3ObjectStore', () => {
  it('sends every write with its CRC', async () => {
    const { store, sent } = storeOver(() => ({ headers: { etag: '"v1"' } }));
    expect(await store.put('a', CONTENT)).toEqual({ key: 'a', bytes: 10, version: 'v1' });
    expect(sent[0]?.path).toContain('/x/a');
    expect(sent[0]?.headers['x-amz-checksum-crc32']).toBe(base64Of(crc32(CONTENT)));
  });

  it('reads a whole object again when its bytes are not those of its CRC', async () => {
    const { store, sent } = storeOver((_, index) => ({
      headers: { etag: '"v1"', 'x-amz-checksum-crc32': base64Of(crc32(CONTENT)) },
      body: index === 0 ? Buffer.from('01234X6789') : CONTENT,
    }));
    expect(Buffer.from(await store.read('a')).toString()).toBe('0123456789');
    expect(sent).toHaveLength(2);
    expect(sent[0]?.headers['x-amz-checksum-mode']).toBe('ENABLED');
  });

  it('never gives bytes of another CRC', async () => {
    const headers = { etag: '"v1"', 'x-amz-checksum-crc32': base64Of(crc32(CONTENT)) };
    const { store } = storeOver(() => ({ headers, body: Buffer.from('01234X6789') }));
    await expect(store.read('a')).rejects.toThrow(TransientError);
  });

  it('asks again when a body breaks off', async () => {
    const { store, sent } = storeOver((request, index) =>
      index === 0 ? brokenBody(CONTENT.subarray(0, 4), 10) : objectOf(CONTENT)(request),
    );
    const target = new Uint8Array(12);
    const range = await store.readRange('a', 'v1', 0, 10, target);
    expect(Buffer.from(range).toString()).toBe('0123456789');
    expect(range.buffer).toBe(target.buffer);
    expect(sent).toHaveLength(2);
    expect(sent[0]?.headers['if-match']).toBe('"v1"');
  });

  it('reads a large range in pieces side by side, into one place', async () => {
    const content = Buffer.alloc(3 * GET_BYTES_MAX + 5, 'abcdefghijk');
    const { store, sent } = storeOver(objectOf(content));
    const target = new Uint8Array(content.length);
    const range = await store.readRange('a', 'v1', 1, content.length, target);
    expect(range.buffer).toBe(target.buffer);
    expect(Buffer.compare(range, content.subarray(1))).toBe(0);
    expect(sent).toHaveLength(4);
  });

  it('refuses pieces of two versions, where none was asked for', async () => {
    const content = Buffer.alloc(2 * GET_BYTES_MAX, 'x');
    let pieces = 0;
    const { store } = storeOver((request) => objectOf(content, `v${pieces++}`)(request));
    await expect(store.readRange('a', undefined, 0, content.length)).rejects.toThrow(InputChangedError);
  });

  it.each([
    ['another version', s3Error(412, 'PreconditionFailed'), InputChangedError],
    ['an object that ends before the range', s3Error(416, 'InvalidRange'), InputChangedError],
    ['an object that ends in the range', { status: 206, headers: { etag: '"v1"' }, body: '0123' }, InputChangedError],
    ['a missing object', s3Error(404, 'NoSuchKey'), ObjectMissingError],
    ['a missing bucket', s3Error(404, 'NoSuchBucket'), BucketMissingError],
  ])('tells %s from a fault', async (_, answer, kind) => {
    const { store, sent } = storeOver(() => answer);
    await expect(store.readRange('a', 'v1', 0, 10)).rejects.toThrow(kind);
    expect(sent).toHaveLength(1);
  });

  describe('putIfAbsent', () => {
    it('tries again when it meets another writer, and then loses', async () => {
      const script = [s3Error(409, 'ConditionalRequestConflict'), s3Error(412, 'PreconditionFailed'), { status: 404 }];
      const { store, sent } = storeOver((_, index) => script[index] ?? {});
      expect(await store.putIfAbsent('a', CONTENT)).toBe('exists');
      expect(sent[0]?.headers['if-none-match']).toBe('*');
      expect(sent.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'HEAD']);
    });

    it('knows its own write when the reply was lost', async () => {
      let writeId = '';
      const { store } = storeOver((request, index) => {
        writeId ||= request.headers['x-amz-meta-refold-write'] ?? '';
        if (index === 0) throw networkError('ECONNRESET');
        if (index === 1) return s3Error(412, 'PreconditionFailed');
        return { headers: { 'x-amz-meta-refold-write': writeId, etag: '"v1"' } };
      });
      expect(await store.putIfAbsent('a', CONTENT)).toBe('written');
    });

    it("does not take another's write for its own", async () => {
      const { store } = storeOver((_, index) => {
        if (index === 0) throw networkError('ECONNRESET');
        if (index === 1) return s3Error(412, 'PreconditionFailed');
        return { headers: { 'x-amz-meta-refold-write': 'somebody else' } };
      });
      expect(await store.putIfAbsent('a', CONTENT)).toBe('exists');
    });

    it('looks at nothing more when it lost at the first try', async () => {
      const { store, sent } = storeOver(() => s3Error(412, 'PreconditionFailed'));
      expect(await store.putIfAbsent('a', CONTENT)).toBe('exists');
      expect(sent).toHaveLength(1);
    });
  });

  describe('create', () => {
    it('writes with one request what fits one', async () => {
      const { store, requests } = storeOver(() => ({ headers: { etag: '"v1"' } }));
      const writer = await store.create('a');
      for (let mib = 0; mib < 32; mib++) await writer.write(new Uint8Array(1024 * 1024));
      expect(await writer.complete()).toEqual({ key: 'a', bytes: ONE_PUT_BYTES_MAX, version: 'v1' });
      expect(requests.counts.read()).toEqual({ 's3:PutObject': 1 });
    });

    it('writes more in parts, and checks the whole', async () => {
      const { store, requests, sent } = storeOver(uploadOf());
      const writer = await store.create('a');
      const bytes = Buffer.alloc(ONE_PUT_BYTES_MAX + 1, 'x');
      await writer.write(bytes);
      expect(await writer.complete()).toMatchObject({ bytes: bytes.length });
      expect(requests.counts.read()).toEqual({
        's3:CompleteMultipartUpload': 1,
        's3:CreateMultipartUpload': 1,
        's3:UploadPart': 2,
      });
      expect(sent.at(-1)?.headers['x-amz-checksum-crc32']).toBe(base64Of(crc32(bytes)));
    });

    it('knows that it completed an upload when the reply was lost', async () => {
      let writeId = '';
      const upload = uploadOf();
      const { store } = storeOver((request) => {
        writeId ||= request.headers['x-amz-meta-refold-write'] ?? '';
        if (request.method === 'HEAD') {
          const headers = { 'content-length': '33554433', etag: '"done-2"', 'x-amz-meta-refold-write': writeId };
          return { headers };
        }
        return isCompletion(request) ? s3Error(404, 'NoSuchUpload') : upload(request);
      });
      const writer = await store.create('a');
      await writer.write(new Uint8Array(ONE_PUT_BYTES_MAX + 1));
      expect(await writer.complete()).toEqual({ key: 'a', bytes: 33554433, version: 'done-2' });
    });

    it('fails with the part that failed, and its abort ends the upload', async () => {
      const upload = uploadOf();
      const { store, requests } = storeOver((request) =>
        request.query.partNumber === '1' ? s3Error(403, 'AccessDenied') : upload(request),
      );
      const writer = await store.create('a');
      await writer.write(new Uint8Array(ONE_PUT_BYTES_MAX + 1));
      await expect(writer.complete()).rejects.toThrow(/UploadPart/);
      await writer.abort();
      expect(requests.counts.read()).toMatchObject({ 's3:AbortMultipartUpload': 1 });
    });
  });

  describe('delete', () => {
    it('goes in batches of 1,000, without keys that XML cannot hold', async () => {
      const { store, requests } = storeOver(() => ({ body: '<DeleteResult></DeleteResult>' }));
      await store.delete([...Array.from({ length: 2001 }, (_, number) => `k${number}`), 'odd\uffff', 'odd\u0001']);
      expect(requests.counts.read()).toEqual({ 's3:DeleteObject': 2, 's3:DeleteObjects': 3 });
    });

    it('fails when one of them could not be removed', async () => {
      const error = '<Error><Key>x/a</Key><Code>AccessDenied</Code><Message>No.</Message></Error>';
      const { store } = storeOver(() => ({ body: `<DeleteResult>${error}</DeleteResult>` }));
      await expect(store.delete(['a'])).rejects.toThrow('s3:DeleteObject on s3://work/x/a is not allowed');
    });
  });
});

function isCompletion({ method, query }: SentRequest): boolean {
  return method === 'POST' && query.uploadId !== undefined;
}

/** A multipart upload where everything goes well. */
function uploadOf(): (request: SentRequest) => ScriptedAnswer {
  return (request) => {
    if (isCompletion(request)) {
      return { body: '<CompleteMultipartUploadResult><ETag>"done-2"</ETag></CompleteMultipartUploadResult>' };
    }
    if (request.method === 'POST') {
      return { body: '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>' };
    }
    return { headers: { etag: `"part-${request.query.partNumber}"` } };
  };
}
