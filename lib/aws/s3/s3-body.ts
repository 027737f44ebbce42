import { GetObjectCommand, type GetObjectCommandInput, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { BrokenBodyError } from '../requests/request-retries.ts';

export type FetchedBytes = { readonly output: GetObjectCommandOutput; readonly bytes: Uint8Array };

/**
 * One GET with its body, read whole into what `allocate` gives for its length. A body that breaks off counts as a failed try of the request,
 * so the layer of request retries covers it. The SDK checks the body against the object's CRC where the answer is the whole object.
 * Nothing is written there once `signal` is aborted.
 */
export async function fetchBytes(
  client: S3Client,
  input: GetObjectCommandInput,
  allocate: (bytes: number) => Uint8Array,
  signal: AbortSignal,
): Promise<FetchedBytes> {
  let bytes = new Uint8Array(0) as Uint8Array;
  const command = new GetObjectCommand(input);
  const readInTry =
    <Call, Result extends { readonly output: object }>(next: (call: Call) => Promise<Result>) =>
    async (call: Call): Promise<Result> => {
      const result = await next(call);
      bytes = await readBody(result.output as GetObjectCommandOutput, allocate, signal);
      return result;
    };
  command.middlewareStack.addRelativeTo(readInTry, { relation: 'after', toMiddleware: 'retryMiddleware', name: 'refoldBody' });
  const output = await client.send(command, { abortSignal: signal });
  return { output, bytes };
}

async function readBody(
  { Body, ContentLength }: GetObjectCommandOutput,
  allocate: (bytes: number) => Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const length = ContentLength ?? 0;
  const target = allocate(length);
  if (Body === undefined) return target;
  let filled = 0;
  try {
    for await (const chunk of Body as unknown as AsyncIterable<Uint8Array>) {
      signal.throwIfAborted();
      if (filled + chunk.length > length) throw new Error(`more than the ${length} bytes announced`);
      target.set(chunk, filled);
      filled += chunk.length;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new BrokenBodyError(`the body broke off after ${filled} of ${length} bytes`, { cause: error });
  }
  if (filled < length) throw new BrokenBodyError(`the body ended after ${filled} of ${length} bytes`);
  return target;
}
