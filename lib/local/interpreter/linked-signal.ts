/** A signal that aborts with its parent, or earlier by itself. `release` unlinks it: to be called when its work has ended. */
export type LinkedSignal = { readonly signal: AbortSignal; abort(reason: unknown): void; release(): void };

export function linkSignal(parent: AbortSignal): LinkedSignal {
  const controller = new AbortController();
  if (parent.aborted) controller.abort(parent.reason);
  const onAbort = () => controller.abort(parent.reason);
  parent.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => parent.removeEventListener('abort', onAbort),
  };
}
