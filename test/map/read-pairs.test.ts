import { describe, expect, it } from 'vitest';
import type { AttemptContext } from '../../lib/job/attempt-context.ts';
import { EmitGate } from '../../lib/job/emit-gate.ts';
import type { PairSink } from '../../lib/job/pair-sink.ts';
import { RecordCursor } from '../../lib/job/record-cursor.ts';
import { type AnyMap, handOn } from '../../lib/job/step.ts';
import { MapRunner } from '../../lib/map/map-runner.ts';
import { readPairs } from '../../lib/map/read-pairs.ts';
import { MemoryObjectStore } from '../../lib/memory/memory-object-store.ts';
import { PairsOutput } from '../../lib/output/pairs-output.ts';
import { decodeKey } from '../../lib/record/key-decoder.ts';
import { decodeValue } from '../../lib/record/value-decoder.ts';
import type { PairsRange } from '../../lib/split/split.ts';

const pairs = Array.from({ length: 25_000 }, (_, index) => [`key ${index % 7}`, [index, 'x'.repeat(index % 40)]] as const);

async function written(store: MemoryObjectStore): Promise<PairsRange> {
  const output = new PairsOutput(store, 'some.pairs');
  for (const [key, value] of pairs) output.emit(key, value);
  return (await output.finish()).pairs[0]!;
}

/** Remembers what it was given, and how. */
class SeenPairs implements PairSink {
  readonly gate = new EmitGate();
  readonly decoded: unknown[] = [];
  readonly encoded: unknown[] = [];
  readonly emitEncoded: PairSink['emitEncoded'];

  constructor(takes: 'encoded' | 'decoded') {
    this.emitEncoded =
      takes === 'encoded'
        ? (bytes, start, keyEnd, end) => {
            expect(this.gate.isOpen).toBe(true);
            this.encoded.push([decodeKey(bytes, start, keyEnd), decodeValue(bytes, keyEnd, end)]);
          }
        : undefined;
  }

  emit = (key: unknown, value: unknown): void => void this.decoded.push([key, value]);

  hold(): never {
    throw new Error('nothing is asynchronous here');
  }
}

async function read(map: AnyMap, sink: SeenPairs, recordsMax = Number.POSITIVE_INFINITY): Promise<MapRunner> {
  const store = new MemoryObjectStore();
  const context = {} as AttemptContext;
  const runner = new MapRunner({ map, pairs: sink, context, cursor: new RecordCursor(), concurrency: 1, recordsMax });
  await readPairs(store, await written(store), runner, sink, new AbortController().signal);
  expect(sink.gate.isOpen).toBe(false);
  return runner;
}

describe('readPairs', () => {
  it('hands pairs on as they are encoded where there is no map', async () => {
    const sink = new SeenPairs('encoded');
    const runner = await read(handOn as AnyMap, sink);
    expect(sink.decoded).toEqual([]);
    expect(sink.encoded).toEqual(pairs);
    expect([runner.records, runner.recordsInRange]).toEqual([pairs.length, pairs.length]);
  });

  it('decodes them where the sink combines values, and where there is a map', async () => {
    const combining = new SeenPairs('decoded');
    await read(handOn as AnyMap, combining);
    expect(combining.decoded).toEqual(pairs);
    const mapped = new SeenPairs('encoded');
    await read((pair, emit) => emit((pair as readonly unknown[])[0], 1), mapped);
    expect(mapped.encoded).toEqual([]);
    expect(mapped.decoded).toEqual(pairs.map(([key]) => [key, 1]));
  });

  it.each(['encoded', 'decoded'] as const)('ends at the limit of records: %s', async (takes) => {
    const sink = new SeenPairs(takes);
    const runner = await read(handOn as AnyMap, sink, 12_345);
    expect([...sink.encoded, ...sink.decoded]).toEqual(pairs.slice(0, 12_345));
    expect(runner.isFull).toBe(true);
  });

  it('stops when the attempt is given up', async () => {
    const store = new MemoryObjectStore();
    const object = await written(store);
    const sink = new SeenPairs('encoded');
    const context = {} as AttemptContext;
    const cursor = new RecordCursor();
    const runner = new MapRunner({ map: handOn as AnyMap, pairs: sink, context, cursor, concurrency: 1, recordsMax: Infinity });
    await expect(readPairs(store, object, runner, sink, AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up');
    expect(sink.encoded.length).toBeLessThan(pairs.length);
  });
});
