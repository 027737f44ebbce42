import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { ObjectInfo } from '../../ports/object-store.ts';
import { versionOf } from './s3-reader.ts';

export type ListQuery = {
  readonly bucket: string;
  readonly prefix: string;
  /** Only what lies directly below the prefix, and the names of the folders there. */
  readonly delimiter?: '/';
  /** Keys after this one. */
  readonly after?: string;
  readonly keysMax?: number;
};

export type ListedPage = {
  readonly objects: readonly ObjectInfo[];
  readonly folders: readonly string[];
  readonly isLast: boolean;
};

/** Everything that a query names, in UTF-8 byte order of the keys, a page of at most 1,000 at a time. At least one page. */
export async function* listPages(client: S3Client, query: ListQuery): AsyncGenerator<ListedPage> {
  for (let token: string | undefined; ; ) {
    const page = await listPage(client, query, token);
    yield page;
    token = page.next;
    if (token === undefined) return;
  }
}

/** One page. Keys travel URL-encoded, since XML can't hold all that a key can. */
export async function listPage(
  client: S3Client,
  { bucket, prefix, delimiter, after, keysMax }: ListQuery,
  token?: string,
): Promise<ListedPage & { readonly next: string | undefined }> {
  const output = await client.send(
    new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      EncodingType: 'url',
      ...(delimiter && { Delimiter: delimiter }),
      ...(after !== undefined && token === undefined && { StartAfter: after }),
      ...(keysMax !== undefined && { MaxKeys: keysMax }),
      ...(token !== undefined && { ContinuationToken: token }),
    }),
  );
  const objects = (output.Contents ?? []).map(({ Key, Size, ETag }) => ({
    key: decodeKey(Key),
    bytes: Size ?? 0,
    version: versionOf(ETag),
  }));
  const folders = (output.CommonPrefixes ?? []).map(({ Prefix }) => decodeKey(Prefix));
  const next = output.IsTruncated ? output.NextContinuationToken : undefined;
  return { objects, folders, isLast: next === undefined, next };
}

/** S3 encodes as forms do: a space is a plus. */
function decodeKey(encoded = ''): string {
  return decodeURIComponent(encoded.replaceAll('+', ' '));
}
