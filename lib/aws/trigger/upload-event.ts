import { createHash } from 'node:crypto';

/** An object that was written, as EventBridge tells of it. Delivered at least once, in any order. */
export type Upload = {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
  /** Without quotes. */
  readonly etag: string;
  /** Of a bucket that keeps versions. */
  readonly versionId?: string;
  /** Grows with each write of a key. */
  readonly sequencer: string;
};

/** Undefined for a body that is no 'Object Created' event of S3: nothing can be made of it at a second delivery either. */
export function parseUpload(body: string): Upload | undefined {
  const event = parseJson(body);
  if (!isRecord(event) || event['detail-type'] !== 'Object Created' || !isRecord(event['detail'])) return undefined;
  const { bucket, object } = event['detail'];
  if (!isRecord(bucket) || !isRecord(object)) return undefined;
  const { key, size, etag, sequencer, 'version-id': versionId } = object;
  const isUpload =
    typeof bucket['name'] === 'string' && typeof key === 'string' && key !== '' && typeof etag === 'string' && etag !== '';
  if (!isUpload) return undefined;
  return {
    bucket: bucket['name'] as string,
    key,
    bytes: typeof size === 'number' ? size : 0,
    etag: etag.replaceAll('"', ''),
    sequencer: typeof sequencer === 'string' ? sequencer : '',
    ...(typeof versionId === 'string' && versionId !== '' && { versionId }),
  };
}

/** Names one write of one object under one rule: the same for every delivery of its event, another for the next write of that key. */
export function uploadIdOf(rule: string, { bucket, key, etag, versionId, sequencer }: Upload): string {
  const write = versionId === undefined ? ['etag', etag, sequencer] : ['version', versionId];
  return createHash('sha256')
    .update(JSON.stringify([rule, bucket, key, ...write]))
    .digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
