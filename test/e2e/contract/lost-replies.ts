import { AwsRequests } from '../../../lib/aws/requests/requests.ts';

type Answer = { readonly output: { readonly Body?: { destroy?(): void } } };
type Try = { readonly request: { readonly headers: Readonly<Record<string, string>> } };

/** Clients of which the first try of every request is done by the service, and its reply gets lost. */
export class LossyRequests extends AwsRequests {
  readonly #tried = new Set<string>();

  constructor() {
    // Without waits between tries.
    super({ random: () => 0 });
  }

  override client: AwsRequests['client'] = (ClientClass) => {
    const client = super.client(ClientClass);
    client.middlewareStack.add(
      (next: (call: Try) => Promise<Answer>) => async (call: Try) => {
        const requestId = call.request.headers['amz-sdk-invocation-id'] ?? '';
        if (this.#tried.has(requestId)) return await next(call);
        this.#tried.add(requestId);
        const answer = await next(call).catch(() => undefined);
        answer?.output.Body?.destroy?.();
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      },
      { step: 'deserialize', priority: 'high', name: 'lostReplies', override: true },
    );
    return client;
  };
}
