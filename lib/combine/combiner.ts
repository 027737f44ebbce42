import type { ByteSink } from '../record/byte-sink.ts';

/**
 * A built-in combiner: its states live in columns, one slot a key, so that adding a value allocates nothing.
 * Order-free where its name says nothing else; `first` and `collect` keep the order of the values.
 */
export type BuiltinCombiner<V, Out = SameAsValues> = {
  readonly kind: 'builtin';
  readonly name: 'sum' | 'count' | 'min' | 'max' | 'top' | 'collect' | 'first';
  createStates(): StateColumn;
  /** Set where the state of most keys is one number: a table may then hold it itself, and need a StateColumn for the others only. */
  readonly numbers?: NumberStates;
  /**
   * Phantoms, for types only. A method, because methods compare both ways: while TypeScript does not know yet what the map emits, a
   * combiner for numbers must be one for unknown values.
   */
  valueType?(value: V): void;
  readonly outType?: Out;
};

/**
 * States that are numbers. Two fold into one by `fold`, of sums only while the sum is exact, and of all only while it is not NaN: what is
 * left goes into a StateColumn, which takes the number there was and the number to add, in any order.
 */
export type NumberStates = {
  readonly fold: 'sum' | 'min' | 'max';
  /** Every value counts as 1, whatever it is. */
  readonly countsEach: boolean;
  /** As StateColumn.encode. */
  encode(state: number, sink: ByteSink): void;
};

/** In place of `Out`: the combiner gives what it takes. Resolved by OutOf, since V is not known yet where the combiner is made. */
export type SameAsValues = { readonly kind: 'same-as-values' };
/** In place of `Out`: the combiner gives an array of what it takes. */
export type ListOfValues = { readonly kind: 'list-of-values' };
/** What a combiner for values V gives, or a reduce function that emits `Out`. */
export type OutOf<Out, V> = [Out] extends [SameAsValues] ? V : [Out] extends [ListOfValues] ? V[] : Out;

/** States by slot number, 0, 1, 2 …; columns grow by themselves. */
export interface StateColumn {
  /** Makes the state of a fresh slot from its first value. @throws UnencodableError, MixedSumError */
  start(slot: number, value: unknown): void;
  add(slot: number, value: unknown): void;
  /** The same two for a number, without boxing; `value` may be any double. */
  startNumber(slot: number, value: number): void;
  addNumber(slot: number, value: number): void;
  /** The same for the encoded form: a plain encoded value, or a state that `encode` wrote. */
  startEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void;
  addEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void;
  /** Writes the state as a value: plain when that says it all, else under a private tag. */
  encode(slot: number, sink: ByteSink): void;
  /** What user code sees: the final values of the key, `top` several, all others one. */
  result(slot: number): readonly unknown[];
  /** Bytes that the states of `slots` slots hold, counted and not measured: memory decisions depend on it, so equal inputs give equal numbers. */
  bytesUsed(slots: number): number;
  clear(): void;
}
