import type { BuiltinCombiner, ListOfValues, OutOf, SameAsValues } from '../combine/combiner.ts';
import type { Stored } from '../record/key.ts';
import type { Reader } from '../record/reader.ts';
import type { Writer } from '../record/writer.ts';
import { checkDefinition } from './check-definition.ts';
import type { Identity, WholeKey } from './identity.ts';
import type { JobOptions } from './job-options.ts';
import type { PairsOf } from './pairs.ts';
import type { Partitioner } from './partitioner.ts';
import type { TaskContext } from './task-context.ts';

/**
 * Hands one pair on. Keys and values are encoded before it returns, so a slice may be reused at once. To be used only while the call that
 * it was handed to lasts: from then on it throws, and the attempt fails if it has not ended yet; of a pair that comes still later nothing is
 * known to the job. So a promise that emits must be returned or awaited.
 */
export type Emit<K, V> = (key: K, value: V) => void;

/** Values a job can be told at the command line with `--param name=value`; the job's `params` are the defaults. */
export type Params = Readonly<Record<string, string | number | boolean>>;

/** What params may be, by their defaults: `false` stands for both. */
type ParamValues<P> = { readonly [Name in keyof P]: P[Name] extends boolean ? boolean : P[Name] };

/**
 * Turns one record into any number of pairs. Runs at least once a record: a retry or a speculative attempt maps the record again, and
 * two attempts may run at the same moment. Only the committed attempt's pairs and counters count, so keep other side effects out, or
 * make them idempotent.
 */
export type MapFunction<R, K, V, P = Params> = (record: R, emit: Emit<K, V>, task: TaskContext<P>) => void | Promise<void>;

/**
 * Turns one key and its values into any number of pairs. `values` can be read once, during the call; what is left of it is skipped and
 * counted. Runs at least once a key, like `map`.
 */
export type ReduceFunction<K, V, K2, V2, P = Params> = (
  key: K,
  values: Iterable<V>,
  emit: Emit<K2, V2>,
  task: TaskContext<P>,
) => void | Promise<void>;

/** Like `reduce`, synchronous, with pairs of the map's own types, and emitting only the key it was called with. Must be associative. */
export type CombineFunction<K, V> = (key: K, values: Iterable<V>, emit: Emit<K, V>) => void;

/** The key that `reduce` gets: the whole key, or with `groupBy: n` the first n elements of a tuple. */
export type GroupKey<K, N extends number> = N extends 0 ? Stored<K> : Take<Stored<K>, N>;
type Take<T, N extends number, Taken extends readonly unknown[] = []> = Taken['length'] extends N
  ? Taken
  : T extends readonly [infer First, ...infer Rest]
    ? Take<Rest, N, [...Taken, First]>
    : T;

/** One of several named inputs, with its own reader and map; see `input`. */
export type NamedInput<K, V> = {
  readonly reader: Reader<unknown>;
  /** Undefined hands on the pairs of another job as they are. */
  readonly map?: MapFunction<never, K, V>;
  readonly outside?: unknown;
};

/**
 * A named input of a join: `inputs: { visits: input(csv(), mapVisit) }`. In `map`, `task.params` is a plain record of the job's params.
 * Pairs of another job need no map: `input(pairs(first))` hands them on.
 */
export function input<K, V>(reader: PairsOf<K, V>): NamedInput<K, V>;
export function input<R, K, V>(reader: Reader<R>, map: MapFunction<R, K, V>): NamedInput<K, V>;
export function input<R, K, V>(reader: Reader<R>, map?: MapFunction<R, K, V>): NamedInput<K, V> {
  return map === undefined ? { reader } : { reader, map: map as MapFunction<never, K, V> };
}

/** Of a pair that another job left, as a record: what goes on where a job has no map. */
type KeyOf<R> = R extends readonly [infer K, unknown] ? K : never;
type ValueOf<R> = R extends readonly [unknown, infer V] ? V : never;

/** What reduce sees of the map's values: with a built-in combiner the finished ones. */
type Combined<C, V> = OutOf<C, Stored<V>>;

/**
 * The fields of a job. Its types: a record `R`, the map's pairs `K` and `V`, the params `P`, `groupBy` as `N`, the output's pairs `K2` and
 * `V2`, what the combiner gives `C`, and the records that come from outside, `In`: those of the first job of a chain.
 */
export type JobDefinition<R, K, V, P, N extends number, K2, V2, C, In> = JobOptions & {
  /** For messages; the file's name by default. */
  readonly name?: string;
  /** How bytes become records. @default lines() */
  readonly input?: Reader<R> & { readonly outside?: In };
  /** May be left out where the input is `pairs(job)`: they are handed on as they are, and nothing is decoded on the way. */
  readonly map?: MapFunction<R, K, V, ParamValues<P>>;
  /** In place of `input` and `map`: several inputs by name. */
  readonly inputs?: Readonly<Record<string, NamedInput<K, V> & { readonly outside?: In }>>;
  /** Runs on the map side, before the shuffle. */
  readonly combine?: BuiltinCombiner<NoInfer<Stored<V>>, C> | CombineFunction<NoInfer<Stored<K>>, NoInfer<Stored<V>>>;
  /** Without it the job is map-only: one part a split, no shuffle. */
  readonly reduce?:
    | BuiltinCombiner<NoInfer<Combined<C, V>>, V2>
    | Identity<K2>
    | ReduceFunction<GroupKey<NoInfer<K>, N>, NoInfer<Combined<C, V>>, K2, V2, ParamValues<P>>;
  /** Tuple keys: the first n elements group and partition, the rest orders. */
  readonly groupBy?: N;
  /** @default hash() */
  readonly partition?: Partitioner;
  /** Before the first record of an attempt. */
  setup?(task: TaskContext<ParamValues<P>>): void | Promise<void>;
  /** After the last record of an attempt; its pairs count. */
  cleanup?(emit: Emit<K, V>, task: TaskContext<ParamValues<P>>): void | Promise<void>;
  /** @default tsv() */
  readonly output?: Writer | { readonly writer: Writer };
  readonly params?: P;
};

/** A job as a module exports it. `K` and `V` are the types of its output pairs, `In` of the records that its input holds. */
export type Job<K = unknown, V = unknown, In = unknown> = {
  readonly kind: 'refold-job';
  readonly definition: AnyDefinition;
  /** Phantoms, for `pairs(job)`, `run` and `testJob`. */
  readonly pair?: readonly [K, V];
  readonly outside?: In;
};

/** A pair of any job's output: key and value. */
export type Pair = readonly [unknown, unknown];

/** The output pairs of a job's type, `[key, value]`. */
export type PairOf<J extends Job> = J extends Job<infer K, infer V, unknown> ? readonly [key: K, value: V] : never;

export type AnyDefinition = JobDefinition<unknown, unknown, unknown, Params, number, unknown, unknown, unknown, unknown>;

/**
 * Defines a job. Nothing runs: the value is what a job file exports by default.
 * @throws InvalidJobError for an unknown field, naming the nearest known one
 */
export function defineJob<
  R = string,
  K = KeyOf<R>,
  V = ValueOf<R>,
  const N extends number = 0,
  P extends Params = Record<never, never>,
  K2 = GroupKey<K, N>,
  V2 = SameAsValues,
  C = SameAsValues,
  In = R,
>(definition: JobDefinition<R, K, V, P, N, K2, V2, C, In>): Job<KeyOut<K2, Stored<K>>, ValueOut<V2, C, V>, In> {
  checkDefinition(definition as object);
  return { kind: 'refold-job', definition: definition as unknown as AnyDefinition };
}

/** What reduce gives; collecting what was collected goes on with the same list. */
type ValueOut<V2, C, V> = [C, V2] extends [ListOfValues, ListOfValues] ? Stored<V>[] : OutOf<V2, Combined<C, V>>;

/** The key that reduce gives; `identity()` keeps the map's whole key. */
type KeyOut<K2, K> = [K2] extends [WholeKey] ? K : K2;

export function isJob(value: unknown): value is Job {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Job).kind === 'refold-job' &&
    typeof (value as Job).definition === 'object'
  );
}
