import type { ObjectInfo } from '../../ports/object-store.ts';
import type { AwsRequests } from '../requests/requests.ts';
import { parseS3Location } from '../s3/location.ts';
import { JOB_FIELD } from '../s3/part-metadata.ts';
import { S3Reader, versionOf } from '../s3/s3-reader.ts';

/** An object as it lies there now, which may be a later one than the event told of. */
export type FoundUpload = {
  /** As an input store lists it. */
  readonly info: ObjectInfo;
  readonly versionId?: string;
  /** The job that wrote it, when one of refold did. */
  readonly producer?: string;
};

/** Where uploads lie. */
export interface UploadStore {
  /** Undefined when the object is gone. @param key `s3://bucket/key` */
  find(key: string): Promise<FoundUpload | undefined>;
}

/** One HEAD an upload. */
export class S3UploadStore implements UploadStore {
  readonly #reader: S3Reader;

  constructor(requests: AwsRequests) {
    this.#reader = new S3Reader(requests);
  }

  async find(key: string): Promise<FoundUpload | undefined> {
    const head = await this.#reader.head(parseS3Location(key));
    if (head === undefined) return undefined;
    const producer = head.Metadata?.[JOB_FIELD];
    return {
      info: { key, bytes: head.ContentLength ?? 0, version: versionOf(head.ETag) },
      ...(head.VersionId !== undefined && head.VersionId !== 'null' && { versionId: head.VersionId }),
      ...(producer !== undefined && { producer }),
    };
  }
}
