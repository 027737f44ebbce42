import { randomBytes } from 'node:crypto';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MemoryInputStore } from '../../lib/memory/memory-input-store.ts';
import { csvReader } from '../../lib/record/csv-reader.ts';
import { detectCompression, UnpackedBytes } from '../../lib/record/decompress.ts';
import { files } from '../../lib/record/files.ts';
import { lines } from '../../lib/record/lines.ts';
import { readRange } from '../../lib/record/read-range.ts';
import { bytesOf, infoOf, readObject } from './ranges.ts';

const text = Array.from({ length: 60_000 }, (_, index) => `line ${index} é ${index * 7919}\n`).join('');
const expected = text.split('\n').slice(0, -1);
const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const skippable = Uint8Array.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

describe.each([
  { kind: 'gzip' as const, pack: (content: string | Uint8Array) => gzipSync(content) },
  { kind: 'zstd' as const, pack: (content: string | Uint8Array) => zstdCompressSync(content, checksum) },
])('$kind', ({ kind, pack }) => {
  it('is known by its first four bytes', () => {
    expect(detectCompression(pack('a').subarray(0, 4))).toBe(kind);
    expect(detectCompression(bytesOf('plain'))).toBe('none');
    expect(detectCompression(new Uint8Array(0))).toBe('none');
  });

  it('reads the records of the uncompressed bytes, with positions there', async () => {
    const read = await readObject(lines(), pack(text), [], { chunkBytes: 100_000 });
    expect(read.records).toEqual(expected);
    expect(read.bytes[2]).toBe(bytesOf(expected.slice(0, 2).join('\n')).length + 1);
    expect(read.accounts).toEqual([{ records: 60_000, ownedStart: 0, ownedEnd: bytesOf(text).length, compressed: true }]);
  });

  it('reads concatenated members and frames, empty ones too, wherever they end', async () => {
    for (const size of [1, 3, 1000, 70_000]) {
      const parts: Uint8Array[] = [pack('')];
      const short = text.slice(0, size * 40);
      for (let at = 0; at < short.length; at += size) parts.push(pack(short.slice(at, at + size)));
      const { records } = await readObject(files(), Buffer.concat([...parts, pack('')]));
      expect(Buffer.from(records[0]!.bytes).toString()).toBe(short);
    }
    const noise = randomBytes(300_000);
    const { records } = await readObject(files(), Buffer.concat([pack(noise), pack(noise), pack(noise)]));
    expect(Buffer.compare(records[0]!.bytes, Buffer.concat([noise, noise, noise]))).toBe(0);
  });

  it('reads an empty text, and a table by its header', async () => {
    expect((await readObject(lines(), pack(''))).records).toEqual([]);
    const { records } = await readObject(csvReader({ header: true }), pack(`${'x'.repeat(70_000)},b\n1,"2\n"\n`), [], {
      chunkBytes: 500,
    });
    expect(records).toEqual([{ ['x'.repeat(70_000)]: '1', b: '2\n' }]);
  });

  it.each([
    { name: 'in its middle', cut: (length: number) => length >> 1 },
    { name: 'in its last bytes', cut: (length: number) => length - 2 },
    { name: 'in its header', cut: () => 6 },
  ])('refuses data cut short $name', async ({ cut }) => {
    const packed = pack(text);
    const short = packed.subarray(0, cut(packed.length));
    await expect(readObject(lines(), short)).rejects.toMatchObject({
      code: 'REFOLD_CORRUPT_INPUT',
      values: { byte: short.length },
    });
    const second = Buffer.concat([packed, short]);
    await expect(readObject(lines(), second)).rejects.toMatchObject({
      code: 'REFOLD_CORRUPT_INPUT',
      values: { byte: second.length },
    });
  });

  it('refuses damaged data, and says in which stored bytes', async () => {
    const packed = Buffer.from(pack(randomBytes(300_000)));
    for (const at of [150_000, packed.length - 3]) {
      const bad = Buffer.from(packed);
      bad[at]! ^= 0xff;
      const error = await readObject(files(), Buffer.concat([bad, packed])).then(
        () => undefined,
        (thrown) => thrown,
      );
      expect(error).toMatchObject({ code: 'REFOLD_CORRUPT_INPUT' });
      expect(error.values.byte).toBeGreaterThan(at - 160_000);
      expect(error.values.byte).toBeLessThanOrEqual(bad.length);
    }
  });

  it('refuses anything else behind it', async () => {
    for (const trailing of [bytesOf('garbage'), bytesOf('g'), randomBytes(200_000).fill(1, 0, 4), pack(text).subarray(1)]) {
      const error = await readObject(lines(), Buffer.concat([pack(text), trailing])).then(
        () => undefined,
        (thrown) => thrown,
      );
      expect(error).toMatchObject({ code: 'REFOLD_CORRUPT_INPUT' });
      expect(error.values.byte).toBeLessThanOrEqual(pack(text).length + 1);
    }
  });

  it('must not be cut into ranges', async () => {
    await expect(readObject(lines(), pack(text), [50])).rejects.toMatchObject({ code: 'REFOLD_INVARIANT' });
    const input = new MemoryInputStore();
    input.write('a', pack(text));
    const { version, bytes } = await infoOf(input, 'a');
    const reader = lines();
    const range = { key: 'a', version, bytes, byteStart: 50, byteEnd: bytes };
    const options = {
      input,
      reader,
      range,
      scanner: reader.open(),
      onWindow: () => {},
      sink: () => true,
      drain: () => undefined,
    };
    await expect(readRange(options)).rejects.toMatchObject({ code: 'REFOLD_INVARIANT' });
  });

  it('holds little of what it unpacks, whatever the ratio', async () => {
    const packed = pack(new Uint8Array(64 * 1024 * 1024));
    const input = new MemoryInputStore();
    input.write('a', Buffer.concat([packed, packed]));
    const info = await infoOf(input, 'a');
    const unpacked = new UnpackedBytes(
      input,
      info,
      kind,
      await input.readRange('a', info.version, 0, Math.min(1000, info.bytes)),
    );
    const target = new Uint8Array(100_000);
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    for (let round = 0; round < 200; round++) {
      expect(await unpacked.read(target, 0, target.length)).toBe(target.length);
      await new Promise((resolve) => setImmediate(resolve));
      if (round % 20 === 0) globalThis.gc?.();
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }
    await unpacked.close();
    // Without back-pressure, 128 MiB would lie here; what is counted besides is garbage of 20 MB that was read.
    expect(peak).toBeLessThan(48 * 1024 * 1024);
  });

  it('passes on that the object changed under it', async () => {
    const input = new MemoryInputStore();
    input.write('a', pack(randomBytes(4_000_000)));
    const { version, bytes } = await infoOf(input, 'a');
    const reader = files();
    const scanner = reader.open();
    const range = { key: 'a', version, bytes, byteStart: 0, byteEnd: bytes };
    const reading = readRange({
      input,
      reader: { ...reader, cuts: 'ranges' },
      scanner,
      range,
      onWindow: () => input.write('a', 'other'),
      sink: () => true,
      drain: () => undefined,
    });
    await expect(reading).rejects.toMatchObject({ code: 'REFOLD_INPUT_CHANGED' });
  });
});

it('gzip: takes zeros behind the last member as padding, but nothing behind them', async () => {
  const packed = gzipSync(text);
  for (const zeros of [1, 511, 100_000]) {
    const padded = Buffer.concat([packed, new Uint8Array(zeros)]);
    expect((await readObject(lines(), padded)).records).toHaveLength(60_000);
    // Node reads the first member, meets a zero, and would drop the second without a word.
    await expect(readObject(lines(), Buffer.concat([padded, packed]))).rejects.toMatchObject({ values: { byte: packed.length } });
  }
});

it('zstd: skips skippable frames, wherever they stand', async () => {
  const packed = Buffer.concat([skippable, zstdCompressSync('a\n'), skippable, skippable, zstdCompressSync('b'), skippable]);
  expect((await readObject(lines(), packed)).records).toEqual(['a', 'b']);
});
