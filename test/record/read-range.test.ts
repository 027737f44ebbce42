import { describe, expect, it } from 'vitest';
import { MemoryInputStore } from '../../lib/memory/memory-input-store.ts';
import type { InputStore } from '../../lib/ports/input-store.ts';
import { csvReader } from '../../lib/record/csv-reader.ts';
import { lines } from '../../lib/record/lines.ts';
import { readRange } from '../../lib/record/read-range.ts';
import type { ReadRangeOptions, Scanner } from '../../lib/record/reader.ts';
import { infoOf, readObject } from './ranges.ts';

const KIB = 1024;
/** 100-byte lines. */
const linesOf = (count: number) => Array.from({ length: count }, (_, index) => `${String(index).padStart(99, '.')}\n`).join('');

/** The options of one range of `in`, and what was read of it. */
async function rangeOf(text: string, byteStart: number, byteEnd: number, more: Partial<ReadRangeOptions<string>> = {}) {
  const input = new MemoryInputStore();
  input.write('in', text);
  const { version, bytes } = await infoOf(input, 'in');
  const reads: [number, number][] = [];
  const watched = Object.assign(Object.create(input), {
    readRange: (...args: Parameters<InputStore['readRange']>) => {
      reads.push([args[2], args[3]]);
      return input.readRange(...args);
    },
  }) as InputStore;
  const reader = lines();
  const records: string[] = [];
  const sink = (line: string) => records.push(line) > 0;
  const range = { key: 'in', version, bytes, byteStart, byteEnd };
  const options: ReadRangeOptions<string> = {
    input: watched,
    reader,
    scanner: reader.open(),
    range,
    onWindow: () => {},
    sink,
    drain: () => undefined,
    ...more,
  };
  return { options, input, reads, records };
}

describe('readRange', () => {
  it('reads each byte of its range once, and little behind it', async () => {
    const { options, reads } = await rangeOf(linesOf(30_000), 1_000_050, 2_000_050, { chunkBytes: 256 * KIB });
    const account = await readRange(options);
    expect(account).toEqual({ records: 10_000, ownedStart: 1_000_100, ownedEnd: 2_000_100, compressed: false });
    expect(reads.slice(0, 2)).toEqual([
      [0, 4],
      [1_000_049, 1_000_049 + 256 * KIB],
    ]);
    expect(reads.slice(2).every(([start], index) => start === reads[index + 1]![1])).toBe(true);
    expect(reads.at(-1)![1]).toBe(2_000_050 + 4 * KIB);
  });

  it('begins with a MiB, then reads as much at a time as the store says is worth a request', async () => {
    const { options, reads } = await rangeOf(linesOf(60_000), 0, 6_000_000);
    await readRange({ ...options, input: Object.assign(options.input, { chunkBytes: 2048 * KIB }) });
    expect(reads.map(([start, end]) => end - start)).toEqual([1024 * KIB, 2048 * KIB, 2048 * KIB, 6_000_000 - 5120 * KIB]);
  });

  it('reads on behind the range as far as its last record goes, by steps that grow with it', async () => {
    const { options, reads } = await rangeOf(`a\n${'x'.repeat(1_000_000)}\n${linesOf(20_000)}`, 0, 10, { chunkBytes: 16 * KIB });
    expect(await readRange(options)).toMatchObject({ records: 2, ownedEnd: 1_000_003 });
    expect(reads.length).toBeLessThan(14);
    expect(reads.at(-1)![1]).toBeLessThan(2_200_000);
  });

  it('reads ever larger chunks into a record that goes on', async () => {
    const { options, reads } = await rangeOf(`${'x'.repeat(8_000_000)}\ny\n`, 0, 8_000_003, { chunkBytes: 16 * KIB });
    expect(await readRange(options)).toMatchObject({ records: 2 });
    expect(reads.length).toBeLessThan(30);
  });

  it('looks back in a table no further than a field may reach', async () => {
    const text = 'a,b,1\n'.repeat(300_000);
    const reader = csvReader({ maxFieldBytes: 100 * KIB });
    const { options, reads } = await rangeOf(text, 1_500_000, 1_600_000);
    await readRange({ ...options, reader, scanner: reader.open(), sink: () => true });
    const before = reads.filter(([start]) => start < 1_499_999).map(([start]) => start);
    expect(before.filter((start) => start > 4).every((start) => start > 1_500_000 - 101 * KIB)).toBe(true);
    expect(before.filter((start) => start <= 4)).toEqual([0]); // Magic bytes and byte order mark at once.
  });

  it('reads the next chunk while one is scanned, and never a third', async () => {
    const pending = { now: 0, max: 0, whileScanning: 0 };
    const { options, input } = await rangeOf(linesOf(3000), 0, 300_000, { chunkBytes: 16 * KIB });
    const readSlowly: InputStore['readRange'] = async (...args) => {
      pending.max = Math.max(pending.max, ++pending.now);
      await new Promise((resolve) => setImmediate(resolve));
      const bytes = await input.readRange(...args);
      pending.now -= 1;
      return bytes;
    };
    let records = 0;
    const sink = () => {
      pending.whileScanning += pending.now;
      records += 1;
      return true;
    };
    await readRange({ ...options, input: Object.assign(Object.create(input), { readRange: readSlowly }), sink });
    expect(records).toBe(3000);
    expect(pending.max).toBe(1);
    expect(pending.whileScanning).toBeGreaterThan(2500);
  });

  it('refuses a record longer than recordBytesMax, with its position', async () => {
    const { options } = await rangeOf(`ab\n${'x'.repeat(300 * KIB)}`, 0, 5, { recordBytesMax: 100 * KIB, chunkBytes: 16 * KIB });
    await expect(readRange(options)).rejects.toMatchObject({ code: 'REFOLD_RECORD_TOO_LONG', values: { object: 'in', byte: 3 } });
  });

  it('drains after a pause and after each window, before the next record', async () => {
    const log: string[] = [];
    const { options } = await rangeOf('a\nb\nc\n', 0, 6, {
      sink: (line) => {
        log.push(line);
        return line !== 'b';
      },
      drain: async () => {
        await Promise.resolve();
        log.push('drained');
      },
    });
    await readRange(options);
    expect(log.slice(0, 5)).toEqual(['a', 'b', 'drained', 'c', 'drained']);
  });

  it('tells of every window before its records', async () => {
    const text = linesOf(1000);
    let base = -1;
    const positions: number[] = [];
    const { options } = await rangeOf(text, 0, text.length, {
      chunkBytes: 1000,
      onWindow: (byteBase) => {
        base = byteBase;
      },
      sink: (_, at) => positions.push(base + at) > 0,
    });
    await readRange(options);
    expect(positions).toEqual(Array.from({ length: 1000 }, (_, index) => index * 100));
  });

  it('tells when a window has no more records, before it waits for the next and at the end', async () => {
    const text = linesOf(30);
    const log: string[] = [];
    const { options } = await rangeOf(text, 0, text.length, {
      chunkBytes: 1000,
      onWindow: () => log.push('window'),
      sink: () => log.push('record') > 0,
      onWait: () => log.push('wait'),
    });
    await readRange(options);
    const runs = log.filter((what, index) => what !== log[index - 1]);
    expect(runs.length).toBeGreaterThan(6);
    expect(runs).toEqual(runs.map((_, index) => ['window', 'record', 'wait'][index % 3]));
    expect(runs.at(-1)).toBe('wait');
  });

  it('ends early when it is done, and when it is aborted', async () => {
    const few = await rangeOf(linesOf(1000), 0, 100_000, {
      isDone: () => few.records.length >= 3,
      sink: (line) => few.records.push(line) % 3 !== 0,
    });
    expect(await readRange(few.options)).toEqual({ records: 3, ownedStart: 0, ownedEnd: 300, compressed: false });
    const abort = new AbortController();
    const aborted = await rangeOf(linesOf(1000), 0, 100_000, {
      signal: abort.signal,
      sink: () => abort.abort(new Error('enough')) ?? false,
    });
    await expect(readRange(aborted.options)).rejects.toThrow('enough');
  });

  it('passes on what the sink throws, and waits for the read under way', async () => {
    let pending = 0;
    const { options, input } = await rangeOf(linesOf(3000), 0, 300_000, {
      chunkBytes: 16 * KIB,
      sink: () => {
        throw new Error('of the user');
      },
    });
    const readSlowly: InputStore['readRange'] = async (...args) => {
      pending += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
      pending -= 1;
      return input.readRange(...args);
    };
    await expect(
      readRange({ ...options, input: Object.assign(Object.create(input), { readRange: readSlowly }) }),
    ).rejects.toThrow('of the user');
    expect(pending).toBe(0);
  });

  it('fails when the object changes or shrinks while it is read', async () => {
    const changed = await rangeOf(linesOf(3000), 0, 300_000, {
      chunkBytes: 16 * KIB,
      sink: () => {
        changed.input.write('in', 'other');
        return true;
      },
    });
    await expect(readRange(changed.options)).rejects.toMatchObject({ code: 'REFOLD_INPUT_CHANGED' });
    const removed = await rangeOf(linesOf(3000), 150_000, 300_000, {
      onWindow: () => removed.input.remove('in'),
      chunkBytes: 16 * KIB,
    });
    await expect(readRange(removed.options)).rejects.toMatchObject({ code: 'REFOLD_INPUT_CHANGED' });
  });

  it('owns nothing in a range where no record starts, and still tiles the object', async () => {
    const text = `a\n${'x'.repeat(200)}\nb\n`;
    const { records, accounts } = await readObject(lines(), text, [20, 50, 100]);
    expect(records).toEqual(['a', 'x'.repeat(200), 'b']);
    expect(accounts.map(({ records: count, ownedStart, ownedEnd }) => [count, ownedStart, ownedEnd])).toEqual([
      [2, 0, 203],
      [0, 203, 203],
      [0, 203, 203],
      [1, 203, 205],
    ]);
    const header = `${'h'.repeat(50)}\n1\n`;
    const table = await readObject(csvReader({ header: true }), header, [10, 30]);
    expect(table.accounts.map(({ ownedStart, ownedEnd }) => [ownedStart, ownedEnd])).toEqual([
      [0, 51],
      [51, 51],
      [51, 53],
    ]);
  });

  it('goes back to small buffers after a long record', async () => {
    const text = `${'x'.repeat(3_000_000)}\n${linesOf(100_000)}`;
    const { options } = await rangeOf(text, 0, text.length, { chunkBytes: 64 * KIB });
    const sizes: number[] = [];
    const scan: Scanner<string>['scan'] = (window, sink) => {
      sizes.push(window.bytes.length);
      return options.scanner.scan(window, sink);
    };
    const findStart: Scanner<string>['findStart'] = (...args) => options.scanner.findStart(...args);
    await readRange({ ...options, scanner: { findStart, scan } });
    expect(Math.max(...sizes)).toBeGreaterThan(3_000_000);
    expect(sizes.at(-1)).toBeLessThan(600 * KIB);
  });
});
