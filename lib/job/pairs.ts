import { InvariantError } from '../errors.ts';
import type { Reader } from '../record/reader.ts';
import type { Job } from './define-job.ts';

/** What `pairs` answers, in a job's definition. */
export type PairsOf<K, V, In = unknown> = Reader<readonly [K, V]> & { readonly cuts: 'pairs'; readonly outside?: In };

export type PairsReader<K, V, In = unknown> = Reader<readonly [K, V]> & {
  readonly cuts: 'pairs';
  readonly job: Job<K, V, In>;
  /** Phantom, for types only. */
  readonly outside?: In;
};

/**
 * Makes the output pairs of another job this job's records: `[key, value]`, in the order they were written. Running this job runs that
 * one first, as an earlier step of the same execution; what lies between stays in the work area.
 */
export function pairs<K, V, In>(job: Job<K, V, In>): PairsOf<K, V, In> {
  const reader: PairsReader<K, V, In> = {
    kind: 'reader',
    name: 'pairs',
    cuts: 'pairs',
    job,
    open: () => {
      throw new InvariantError('pairs are read from segments, not scanned from bytes');
    },
  };
  return reader;
}

export function isPairsReader(reader: Reader<unknown>): reader is PairsReader<unknown, unknown> {
  return reader.cuts === 'pairs';
}
