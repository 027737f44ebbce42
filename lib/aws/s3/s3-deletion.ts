import { DeleteObjectCommand, DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3';
import { toAwsError } from '../requests/aws-error.ts';
import { forEachOf } from '../requests/in-flight.ts';

/** As many as S3 takes in one request. */
const KEYS_MAX = 1_000;
const IN_FLIGHT = 4;

/** Removes keys; one that is missing is no error. S3 answers 200 also when single keys failed: those are errors here. */
export async function deleteKeys(client: S3Client, bucket: string, keys: readonly string[]): Promise<void> {
  const [plain, odd] = [keys.filter((key) => !NO_XML.test(key)), keys.filter((key) => NO_XML.test(key))];
  const batches = Array.from({ length: Math.ceil(plain.length / KEYS_MAX) }, (_, at) =>
    plain.slice(at * KEYS_MAX, (at + 1) * KEYS_MAX),
  );
  await forEachOf(batches, IN_FLIGHT, (batch) => deleteBatch(client, bucket, batch));
  await forEachOf(odd, IN_FLIGHT, async (Key) => void (await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))));
}

async function deleteBatch(client: S3Client, bucket: string, keys: readonly string[]): Promise<void> {
  const { Errors = [] } = await client.send(
    new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true } }),
  );
  const [first] = Errors;
  if (first === undefined) return;
  const error = Object.assign(new Error(first.Message ?? first.Code), { name: first.Code ?? 'DeleteFailed' });
  throw toAwsError(error, { action: 's3:DeleteObject', resource: `s3://${bucket}/${first.Key}`, bucket });
}

/** Characters that a key may have and XML 1.0, in which a batch travels, may not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const NO_XML = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
