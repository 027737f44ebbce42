/** Answers what was read last under this key, or reads it; what was read before under another key is forgotten. */
export type LastOf<Value> = (key: string, read: () => Promise<Value>) => Promise<Value>;

/** A memory of one, for containers that serve one job for a long time. A read that fails is not remembered. */
export function lastOf<Value>(): LastOf<Value> {
  let last: { readonly key: string; readonly value: Value } | undefined;
  return async (key, read) => {
    if (last?.key !== key) last = { key, value: await read() };
    return last.value;
  };
}
