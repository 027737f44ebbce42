import { SystemClock } from '../../node/system-clock.ts';
import type { Clock } from '../../ports/clock.ts';
import { type FailedCall, toAwsError } from './aws-error.ts';
import { type RecordedCall, recordedCallsOf, type SentCall } from './recorded-call.ts';
import { RequestCounts } from './request-counts.ts';
import { REQUEST_TRIES_MAX, RequestRetries } from './request-retries.ts';

/** As many as fetches may be in flight: a request that waits for a socket counts against its own deadline. Opened as needed. */
const SOCKETS_MAX = 256;
const CONNECT_TIMEOUT_MS = 10_000;
/** Without a byte in either direction. */
const IDLE_TIMEOUT_MS = 30_000;
/** From the first byte sent to the head of the answer: a part of 64 MiB over a slow line takes minutes. */
const REQUEST_TIMEOUT_MS = 300_000;

export type RequestOptions = {
  /** @default as the AWS tools find it */
  readonly region?: string;
  readonly clock?: Clock;
  /** Uniform in [0, 1), for jitter. */
  readonly random?: () => number;
  /** Told of each call before it is sent, once however many tries it takes. */
  readonly onCall?: (call: RecordedCall) => void;
  /** In place of the network: in tests. */
  readonly requestHandler?: object;
};

/**
 * The one place that makes AWS clients. Credentials, profile, region and AWS_ENDPOINT_URL are found as the AWS tools find them. A client is
 * made when it is first asked for and lives as long as this; its calls go through the retries of requests, are counted, and fail with
 * errors of ours, but for those that answer a question (see `toAwsError`).
 */
export class AwsRequests {
  /** Of all clients. */
  readonly counts = new RequestCounts();
  readonly clock: Clock;
  readonly #options: RequestOptions;
  readonly #retries: RequestRetries;
  readonly #clients = new Map<unknown, AnyClient>();

  constructor(options: RequestOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? new SystemClock();
    this.#retries = new RequestRetries({ clock: this.clock, random: options.random ?? Math.random });
  }

  /** `requests.client(S3Client)`. The caller brings the class, so that a sandbox loads only the services that it uses. */
  client<Client extends AnyClient>(ClientClass: new (config: ClientConfig) => Client): Client {
    let client = this.#clients.get(ClientClass) as Client | undefined;
    if (client === undefined) {
      client = new ClientClass({
        ...(this.#options.region === undefined ? {} : { region: this.#options.region }),
        maxAttempts: REQUEST_TRIES_MAX,
        retryStrategy: this.#retries,
        followRegionRedirects: true,
        requestHandler: this.#options.requestHandler ?? {
          connectionTimeout: CONNECT_TIMEOUT_MS,
          socketTimeout: IDLE_TIMEOUT_MS,
          requestTimeout: REQUEST_TIMEOUT_MS,
          throwOnRequestTimeout: true,
          httpAgent: { maxSockets: SOCKETS_MAX },
          httpsAgent: { maxSockets: SOCKETS_MAX },
        },
      });
      this.#watch(client);
      this.#clients.set(ClientClass, client);
    }
    return client;
  }

  /** Closes the sockets. Nothing may be asked of the clients afterwards. */
  close(): void {
    for (const client of this.#clients.values()) client.destroy();
    this.#clients.clear();
  }

  #watch(client: AnyClient): void {
    client.middlewareStack.add(
      (next: Handler, context: CallContext) => async (call: Call) => {
        const sent = await sentCallOf(client, context, call);
        if (this.#options.onCall) for (const recorded of recordedCallsOf(sent)) this.#options.onCall(recorded);
        try {
          return await next(call);
        } catch (error) {
          throw toAwsError(error, failedCallOf(sent));
        }
      },
      { step: 'initialize', name: 'refoldErrors', priority: 'high' },
    );
    // Below the SDK's retries: each try counts.
    client.middlewareStack.add(
      (next: Handler, context: CallContext) => (call: Call) => {
        this.counts.add(`${serviceOf(context)}:${operationOf(context)}`);
        return next(call);
      },
      { step: 'deserialize', name: 'refoldCounts', priority: 'low' },
    );
  }
}

/** What all clients take alike. */
type ClientConfig = {
  readonly region?: string;
  readonly maxAttempts: number;
  readonly retryStrategy: RequestRetries;
  /** Of S3: a bucket in another region is asked there. */
  readonly followRegionRedirects: boolean;
  // biome-ignore lint/complexity/noBannedTypes: each client has its own type for handlers.
  readonly requestHandler: {};
};

type Call = { readonly input: object };
type Handler = (call: Call) => Promise<{ readonly response: unknown; readonly output: object }>;
type CallContext = { readonly clientName?: string; readonly commandName?: string };
type AnyClient = {
  readonly config: { readonly region: () => Promise<string> };
  readonly middlewareStack: { add(middleware: unknown, options: object): void };
  destroy(): void;
};

/** IAM's names of the services whose clients are called otherwise. */
const SERVICES: Readonly<Record<string, string>> = { sfn: 'states', cloudwatchlogs: 'logs' };

function serviceOf({ clientName = '' }: CallContext): string {
  const name = clientName.replace(/Client$/, '').toLowerCase();
  return SERVICES[name] ?? name;
}

function operationOf({ commandName = '' }: CallContext): string {
  return commandName.replace(/Command$/, '');
}

async function sentCallOf(client: AnyClient, context: CallContext, call: Call): Promise<SentCall> {
  const region = await client.config.region().catch(() => '*');
  return {
    service: serviceOf(context),
    operation: operationOf(context),
    input: call.input as Readonly<Record<string, unknown>>,
    region,
  };
}

function failedCallOf(sent: SentCall): FailedCall {
  const { service, operation, input } = sent;
  const resource = recordedCallsOf(sent)[0]?.resources[0] ?? '*';
  return {
    action: `${service}:${operation}`,
    resource: typeof input.Bucket === 'string' ? `s3://${input.Bucket}/${input.Key ?? input.Prefix ?? ''}` : resource,
    ...(typeof input.Bucket === 'string' && { bucket: input.Bucket }),
  };
}
