import type { StagedPart } from '../../ports/output-store.ts';
import type { FinishedUpload } from './s3-upload.ts';

/** An upload that waits to be completed, and whose it is. */
export type StagedUpload = FinishedUpload & { readonly jobId: string };

/** As short as it gets, for there may be thousands of parts: `{"job","upload","crc","parts":"<etag> <crc>,…"}`. */
export function formatStagedRef({ jobId, uploadId, crc, parts }: StagedUpload): string {
  return JSON.stringify({ job: jobId, upload: uploadId, crc, parts: parts.map((part) => part.join(' ')).join(',') });
}

/** Undefined for what no S3 output store wrote. */
export function parseStagedRef({ ref, bytes }: Pick<StagedPart, 'ref' | 'bytes'>): StagedUpload | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(ref);
  } catch {
    return undefined;
  }
  if (typeof fields !== 'object' || fields === null) return undefined;
  const { job, upload, crc, parts } = fields as Readonly<Record<string, unknown>>;
  if (typeof job !== 'string' || typeof upload !== 'string' || typeof crc !== 'string' || typeof parts !== 'string')
    return undefined;
  const rows = parts.split(',').map((part) => part.split(' '));
  return { jobId: job, uploadId: upload, crc, bytes, parts: rows.map(([etag = '', partCrc = '']) => [etag, partCrc]) };
}
