/** The reduce that passes every pair on as it is, in key order. The engine copies bytes and decodes nothing. */
export type Identity = { readonly kind: 'identity' };

/** For sorting and regrouping jobs: `reduce: identity()`. */
export function identity(): Identity {
  return { kind: 'identity' };
}
