/** In place of a key's type: the map's whole key, whatever `groupBy` says. */
export type WholeKey = { readonly kind: 'whole-key' };

/** The reduce that passes every pair on as it is, in key order. The engine copies bytes and decodes nothing. */
export type Identity<K = WholeKey> = {
  readonly kind: 'identity';
  /** Phantom, for types only. */
  readonly keyType?: K;
};

/** For sorting and regrouping jobs: `reduce: identity()`. */
export function identity(): Identity {
  return { kind: 'identity' };
}
