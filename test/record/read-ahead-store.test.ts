import { describe, expect, it } from 'vitest';
import { InputChangedError } from '../../lib/errors.ts';
import { BYTES_AHEAD_MAX, READS_IN_FLIGHT_MAX, ReadAheadStore } from '../../lib/record/read-ahead-store.ts';
import type { InputRange } from '../../lib/record/reader.ts';
import { HeldInputStore, keyOf } from './held-input-store.ts';

const MIB = 1024 * 1024;
const small = (count: number) => Array.from({ length: count }, (_, index) => `object ${index}\n`);
const readOf = (index: number, text: string) => `${keyOf(index)} 0-${text.length}`;

/** Enters the first range, reads it, and waits for what that has set going. */
async function begin(input: HeldInputStore, ahead: ReadAheadStore, { key, version, bytes }: InputRange): Promise<void> {
  ahead.enter(0);
  await input.serve(ahead.readRange(key, version, 0, bytes));
  await input.serve(ahead.close());
}

describe('ReadAheadStore', () => {
  it('asks for the next fifteen small objects behind the first, in order, and for one more with each range', async () => {
    const contents = small(40);
    const input = new HeldInputStore();
    const ranges = await input.writeAll(contents);
    const ahead = new ReadAheadStore(input, ranges);
    for (const [index, { key, version, bytes }] of ranges.entries()) {
      ahead.enter(index);
      const target = new Uint8Array(bytes);
      const reading = ahead.readRange(key, version, 0, bytes, target);
      expect(input.asked).toEqual(contents.slice(0, index + READS_IN_FLIGHT_MAX).map((text, at) => readOf(at, text)));
      const answer = await input.serve(reading);
      expect(answer.buffer).toBe(target.buffer);
      expect(new TextDecoder().decode(answer)).toBe(contents[index]);
    }
    expect(input.readsMax).toBe(READS_IN_FLIGHT_MAX);
    await ahead.close();
  });

  it('has at most 8 MiB ahead', async () => {
    const input = new HeldInputStore();
    const ranges = await input.writeAll(Array.from({ length: 20 }, () => new Uint8Array(MIB)));
    const ahead = new ReadAheadStore(input, ranges);
    for (const [index, { key, version, bytes }] of ranges.entries()) {
      ahead.enter(index);
      const reading = ahead.readRange(key, version, 0, bytes);
      // What is in hand was ahead until it is here; the first never was.
      expect(input.asked).toHaveLength(Math.min(20, Math.max(index, 1) + BYTES_AHEAD_MAX / MIB));
      await input.serve(reading);
    }
    await ahead.close();
  });

  it('leaves alone what is not read at once: large objects, parts of objects, empty ones, and the range in hand', async () => {
    const input = new HeldInputStore();
    const ranges = await input.writeAll(['the first', new Uint8Array(MIB + 1), '', 'a part', 'small']);
    const [first, large, empty, part, last] = ranges;
    const ahead = new ReadAheadStore(input, [
      first!,
      large!,
      empty!,
      { ...part!, byteEnd: 3 },
      { ...part!, byteStart: 3 },
      last!,
    ]);
    await begin(input, ahead, first!);
    expect(input.asked).toEqual([`${keyOf(0)} 0-9`, `${keyOf(4)} 0-5`]);
    await begin(input, new ReadAheadStore(input, [first!]), first!);
    expect(input.asked).toHaveLength(3);
  });

  it('leaves alone what is more than the store gives with one request', async () => {
    const input = Object.assign(new HeldInputStore(), { chunkBytes: 10 });
    const ranges = await input.writeAll(['1', '0123456789', '0123456789A']);
    await begin(input, new ReadAheadStore(input, ranges), ranges[0]!);
    expect(input.asked).toEqual([`${keyOf(0)} 0-1`, `${keyOf(1)} 0-10`]);
  });

  it('passes other reads through, while a read ahead is in hand and after it', async () => {
    const input = new HeldInputStore();
    const ranges = await input.writeAll(small(2));
    const ahead = new ReadAheadStore(input, ranges);
    ahead.enter(0);
    const [first] = ranges;
    await input.serve(ahead.readRange(first!.key, first!.version, 0, 1));
    ahead.enter(1);
    const { key, version, bytes } = ranges[1]!;
    const text = async (byteStart: number, byteEnd: number) =>
      new TextDecoder().decode(await input.serve(ahead.readRange(key, version, byteStart, byteEnd)));
    expect(await text(0, 4)).toBe('obje');
    expect(await text(7, bytes)).toBe('1\n');
    const other = await input.serve(ahead.readRange(first!.key, first!.version, 0, bytes));
    expect(new TextDecoder().decode(other)).toBe('object 0\n');
    expect(await text(0, bytes)).toBe('object 1\n');
    expect(await text(0, bytes)).toBe('object 1\n');
    expect(input.asked.map((read) => read.slice(keyOf(0).length + 1))).toEqual(['0-1', '0-9', '0-4', '7-9', '0-9', '0-9']);
    await ahead.close();
  });

  it('throws what a read ahead threw when its range is read, and never when it is not', async () => {
    const input = new HeldInputStore();
    const ranges = await input.writeAll(small(4));
    const ahead = new ReadAheadStore(input, ranges);
    input.write(keyOf(2), 'changed since');
    input.remove(keyOf(3));
    const read = (index: number) =>
      input.serve(ahead.readRange(ranges[index]!.key, ranges[index]!.version, 0, ranges[index]!.bytes));
    ahead.enter(0);
    await read(0);
    ahead.enter(1);
    await read(1);
    ahead.enter(2);
    await expect(read(2)).rejects.toThrow(InputChangedError);
    await input.serve(ahead.close());
    expect(input.held).toHaveLength(0);
  });

  it('waits at its end for what is on its way', async () => {
    const input = new HeldInputStore();
    const ranges = await input.writeAll(small(9));
    const ahead = new ReadAheadStore(input, ranges);
    ahead.enter(0);
    const reading = ahead.readRange(ranges[0]!.key, ranges[0]!.version, 0, ranges[0]!.bytes);
    input.release();
    await reading;
    let isClosed = false;
    const closing = ahead.close().then(() => {
      isClosed = true;
    });
    for (let left = 8; left > 0; left--) {
      await new Promise((resolve) => setImmediate(resolve));
      expect([isClosed, input.held.length]).toEqual([false, left]);
      input.release(left - 1);
    }
    await closing;
  });
});
