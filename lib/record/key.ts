import type { Slice } from './slice.ts';

/**
 * What may be a record key. Keys sort null < boolean < number < bigint < string < bytes < tuple: strings by code point, numbers
 * numerically (-0 = 0, NaN refused), tuples element by element. 1 and 1n differ.
 */
export type Key = null | boolean | number | bigint | string | Uint8Array | Slice | readonly Key[];

/** How a key or value comes back: a slice was copied, so it comes back as its bytes. Readonly and labels of tuples stay. */
export type Stored<T> = T extends Slice ? Uint8Array : T extends readonly unknown[] ? StoredElements<T> : T;
type StoredElements<T extends readonly unknown[]> = { [Index in keyof T]: Stored<T[Index]> };
