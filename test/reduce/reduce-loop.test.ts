import { sum } from 'refold';
import { describe, expect, it } from 'vitest';
import { AttemptContext } from '../../lib/job/attempt-context.ts';
import { type InHand, RecordCursor } from '../../lib/job/record-cursor.ts';
import type { Step } from '../../lib/job/step.ts';
import { MemoryObjectStore } from '../../lib/memory/memory-object-store.ts';
import { PairsOutput } from '../../lib/output/pairs-output.ts';
import { ByteSink } from '../../lib/record/byte-sink.ts';
import { encodeKey } from '../../lib/record/key-encoder.ts';
import { encodeValue } from '../../lib/record/value-encoder.ts';
import { reduceGroups } from '../../lib/reduce/reduce-loop.ts';
import type { RunCursor } from '../../lib/shuffle/run-cursor.ts';

/** Ones of one key, as a merged run; `onNext` is called before each. */
function hotKey(records: number, onNext: () => void): RunCursor {
  const key = new ByteSink();
  encodeKey('hot', key);
  const value = new ByteSink();
  encodeValue(1, value);
  let left = records;
  return {
    partition: 0,
    keyBytes: key.bytes,
    keyStart: 0,
    keyEnd: key.length,
    valueBytes: value.bytes,
    valueStart: 0,
    valueEnd: value.length,
    repeats: false,
    next() {
      onNext();
      return left-- > 0;
    },
  };
}

describe('reduceGroups', () => {
  it('has no group in hand while a built-in reduce folds a hot key, so that it is never taken for a hang', async () => {
    const cursor = new RecordCursor();
    cursor.enter('load');
    cursor.leave();
    const seen = new Set<InHand['kind']>();
    const control = { attemptId: 'a', cursor, signal: new AbortController().signal };
    await reduceGroups({
      step: { reduce: sum(), combine: sum(), groupBy: 0 } as unknown as Step,
      records: hotKey(1000, () => seen.add(cursor.inHand().kind)),
      output: new PairsOutput(new MemoryObjectStore(), 'out'),
      context: new AttemptContext(control, { params: {}, attempt: 1, index: 0 }),
      cursor,
      signal: control.signal,
      onProgress: () => {},
    });
    expect([...seen]).toEqual(['nothing']);
  });
});
