import { Readable } from 'node:stream';
import { AwsRequests, type RequestOptions } from '../../lib/aws/requests/requests.ts';
import { SleepingClock } from '../../lib/memory/memory-world.ts';

/** What a client sends, as far as tests look at it. */
export type SentRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

export type ScriptedAnswer = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable;
};

/**
 * Clients whose network is `answer`, called once a try with the number of requests before it. It may throw, as a broken network does.
 * Time passes only in the waits between tries.
 */
export function scriptedAws(
  answer: (request: SentRequest, index: number, signal: AbortSignal | undefined) => ScriptedAnswer | Promise<ScriptedAnswer>,
  options: RequestOptions = {},
): { readonly requests: AwsRequests; readonly sent: readonly SentRequest[]; readonly clock: SleepingClock } {
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
  process.env.AWS_REGION = 'eu-west-1';
  const sent: SentRequest[] = [];
  const clock = new SleepingClock();
  const requestHandler = {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async (request: SentRequest, { abortSignal }: { readonly abortSignal?: AbortSignal } = {}) => {
      abortSignal?.throwIfAborted();
      const index = sent.push(request) - 1;
      const { status = 200, headers = {}, body = '' } = await answer(request, index, abortSignal);
      const stream = body instanceof Readable ? body : Readable.from(body.length === 0 ? [] : [Buffer.from(body)]);
      const length = body instanceof Readable ? {} : { 'content-length': String(Buffer.from(body).length) };
      return { response: { statusCode: status, headers: { ...length, ...headers }, body: stream } };
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
    destroy() {},
  };
  return { requests: new AwsRequests({ clock, random: () => 0.5, requestHandler, ...options }), sent, clock };
}

/** An error of S3. */
export function s3Error(status: number, code: string, message = 'Why it failed.'): ScriptedAnswer {
  return { status, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>` };
}

/** An error of DynamoDB, Lambda, Step Functions. */
export function jsonError(status: number, type: string, fields: object = {}): ScriptedAnswer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify({ __type: `com.amazonaws.service#${type}`, message: 'Why it failed.', ...fields }),
  };
}

export function networkError(code: string): Error {
  return Object.assign(new Error(`socket: ${code}`), { code });
}
