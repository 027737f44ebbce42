import type { BuiltinCombiner } from '../../lib/combine/combiner.ts';
import type { CombineFunction } from '../../lib/job/define-job.ts';
import { hash, type Partitioner } from '../../lib/job/partitioner.ts';
import { createMapCollector, type MapCollector } from '../../lib/map/map-collector.ts';
import { MemoryScratch } from '../../lib/memory/memory-scratch.ts';
import { ByteSink } from '../../lib/record/byte-sink.ts';
import { decodeKey } from '../../lib/record/key-decoder.ts';
import { Slice } from '../../lib/record/slice.ts';
import { MemorySource } from '../../lib/shuffle/byte-source.ts';
import { openSegment } from '../../lib/shuffle/segment-reader.ts';
import { SegmentWriter } from '../../lib/shuffle/segment-writer.ts';

export type Pair = readonly [key: unknown, value: unknown];
/** A record of a segment: the value is still encoded. */
export type Stored = {
  readonly partition: number;
  readonly key: unknown;
  readonly keyBytes: Uint8Array;
  readonly valueBytes: Uint8Array;
};

export type CollectOptions = {
  readonly partitions?: number;
  readonly groupBy?: number;
  readonly partition?: Partitioner;
  readonly boundaries?: readonly Uint8Array[];
  readonly combiner?: BuiltinCombiner<never, unknown> | CombineFunction<never, never>;
  readonly memoryBytes?: number;
};

export function openCollector(options: CollectOptions): MapCollector {
  return createMapCollector({
    partitions: options.partitions ?? 1,
    groupBy: options.groupBy ?? 0,
    partition: options.partition ?? hash(),
    boundaries: options.boundaries ?? [],
    combiner: options.combiner as BuiltinCombiner<unknown, unknown> | undefined,
    memoryBytes: options.memoryBytes ?? 16 * 1024,
    scratch: new MemoryScratch(),
  });
}

/** Ends the collector and reads its segment back. */
export async function finished(collector: MapCollector, partitions: number): Promise<Stored[]> {
  const sink = new ByteSink();
  const writer = new SegmentWriter({
    sink: { append: (bytes) => sink.append(bytes, 0, bytes.length) },
    partitions,
    compress: 'none',
  });
  await collector.finish(writer, () => undefined);
  collector.release();
  const { index } = writer.finish({ counters: new Map(), counts: null });
  const cursor = openSegment(new MemorySource(sink.take()), index, { segmentKey: 'test' });
  const stored: Stored[] = [];
  while (cursor.next()) {
    stored.push({
      partition: cursor.partition,
      key: decodeKey(cursor.keyBytes, cursor.keyStart, cursor.keyEnd),
      keyBytes: cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd),
      valueBytes: cursor.valueBytes.slice(cursor.valueStart, cursor.valueEnd),
    });
  }
  return stored;
}

export async function collect(
  pairs: Iterable<Pair>,
  options: CollectOptions = {},
): Promise<{ stored: Stored[]; collector: MapCollector }> {
  const collector = openCollector(options);
  const { emit } = collector;
  for (const [key, value] of pairs) emit(key, value);
  return { stored: await finished(collector, options.partitions ?? 1), collector };
}

/** The same combiner with all of its states in a column: it then knows of no numbers. */
export function withoutNumbers(combiner: BuiltinCombiner<never, unknown>): BuiltinCombiner<never, unknown> {
  const { numbers: _, ...rest } = combiner;
  return rest;
}

export function sliceOf(text: string): Slice {
  const bytes = new TextEncoder().encode(`<<${text}>>`);
  return new Slice(bytes, 2, bytes.length - 2);
}
