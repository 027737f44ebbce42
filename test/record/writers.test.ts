import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sum } from '../../lib/combine/sum.ts';
import { InvalidOptionError } from '../../lib/errors.ts';
import { ByteSink } from '../../lib/record/byte-sink.ts';
import { csvWriter } from '../../lib/record/csv-writer.ts';
import { fixedWriter } from '../../lib/record/fixed-writer.ts';
import { jsonlWriter } from '../../lib/record/jsonl-writer.ts';
import type { Key } from '../../lib/record/key.ts';
import { encodeKey } from '../../lib/record/key-encoder.ts';
import { createPartCompressor } from '../../lib/record/part-compressor.ts';
import { Slice } from '../../lib/record/slice.ts';
import { text } from '../../lib/record/text-writer.ts';
import { tsv } from '../../lib/record/tsv-writer.ts';
import { encodeValue } from '../../lib/record/value-encoder.ts';
import { UnwritableRecordError, type Writer } from '../../lib/record/writer.ts';

function write(writer: Writer, key: unknown, value: unknown): string {
  const sink = new ByteSink(1);
  writer.open().format(key, value, sink);
  return Buffer.from(sink.take()).toString();
}

function writeEncoded(writer: Writer, key: Key, value: unknown): string {
  const keys = new ByteSink();
  const values = new ByteSink();
  const sink = new ByteSink(1);
  keys.appendByte(0xee);
  encodeKey(key, keys);
  values.appendByte(0xee);
  encodeValue(value, values);
  writer.open().formatEncoded(keys.bytes, 1, keys.length, values.bytes, 1, values.length, sink);
  return Buffer.from(sink.take()).toString();
}

const string = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', '\t', '\n', '\r', '\\', '"', ',', '\0', '\u001f', 'é', '😀', '\ufeff'), maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 80, size: 'max' }),
);
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-0, 0, NaN, Infinity, 2 ** 31, -(2 ** 31), 2 ** 53));
const scalar = fc.oneof(string, number, fc.bigInt(), fc.boolean(), fc.constant(null));
const key: fc.Arbitrary<Key> = fc
  .oneof(
    string,
    fc.double({ noNaN: true }),
    fc.bigInt(),
    fc.constant(null),
    fc.array(
      scalar.filter((part) => !Number.isNaN(part)),
      { maxLength: 3 },
    ),
  )
  .map((made) => (made === 0 ? 0 : made)) as fc.Arbitrary<Key>;
const value = fc.oneof(
  scalar,
  fc.constant(undefined),
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(string, scalar, { noNullPrototype: true }),
  fc.date({ noInvalidDate: true }),
);

describe('every writer', () => {
  it('writes encoded pairs as it writes the pairs themselves', () => {
    const writers = [
      tsv(),
      csvWriter(),
      csvWriter({ delimiter: ';', quote: "'" }),
      csvWriter({ delimiter: '-' }),
      jsonlWriter(),
      text(),
    ];
    fc.assert(
      fc.property(key, value, (someKey, someValue) => {
        fc.pre(!(Array.isArray(someKey) && someKey.some((part) => Object.is(part, -0))));
        for (const writer of writers) expect(writeEncoded(writer, someKey, someValue)).toBe(write(writer, someKey, someValue));
      }),
      { numRuns: 1000 },
    );
  });

  it('leaves the sink as it was and names the record when it refuses one', () => {
    for (const writer of [tsv(), csvWriter(), jsonlWriter(), fixedWriter(4)]) {
      const sink = new ByteSink();
      sink.appendByte(7);
      const formatter = writer.open();
      expect(() => formatter.format('a\n\u001b', ['x', 'y\ud800'], sink)).toThrow(UnwritableRecordError);
      expect(() => formatter.format('a\n\u001b', ['x', 'y\ud800'], sink)).toThrow(
        'The record with key "a\\n\\u001b" cannot be written: it holds a string',
      );
      expect(() => formatter.format('k'.repeat(1000), [Symbol('s')], sink)).toThrow(/key "k{98}… cannot/);
      expect(sink.length).toBe(1);
    }
  });

  it.each([tsv, csvWriter, jsonlWriter, text])('takes compress and names its parts for it', (make) => {
    expect([make().extension, make().compress]).toEqual([make().extension, 'none']);
    expect(make({ compress: 'gzip' }).extension).toBe(`${make().extension}.gz`);
    expect(make({ compress: 'zstd' }).extension).toBe(`${make().extension}.zst`);
    expect(() => make({ compress: 'lz4' as 'zstd' })).toThrow(InvalidOptionError);
  });

  it("writes a sum's state rounded", () => {
    const states = sum().createStates();
    states.startNumber(0, 0.1);
    states.addNumber(0, 0.2);
    const sink = new ByteSink();
    states.encode(0, sink);
    const keys = new ByteSink();
    encodeKey('k', keys);
    for (const [writer, line] of [
      [tsv(), 'k\t0.30000000000000004\n'],
      [jsonlWriter(), '{"key":"k","value":0.30000000000000004}\n'],
    ] as const) {
      const out = new ByteSink();
      writer.open().formatEncoded(keys.bytes, 0, keys.length, sink.bytes, 0, sink.length, out);
      expect(Buffer.from(out.take()).toString()).toBe(line);
    }
  });
});

describe('tsv', () => {
  it('writes one line of columns that can be read back', () => {
    fc.assert(
      fc.property(fc.array(string, { minLength: 1, maxLength: 4 }), (columns) => {
        const line = write(tsv(), columns, undefined);
        const unescaped: Record<string, string> = { t: '\t', n: '\n', r: '\r', '\\': '\\' };
        const read = line
          .slice(0, -1)
          .split('\t')
          .map((field) => field.replace(/\\(.)/g, (_, letter) => unescaped[letter]!));
        expect(line.endsWith('\n')).toBe(true);
        expect(read).toEqual(columns);
      }),
    );
  });

  it('writes numbers in their shortest form that reads back equal', () => {
    fc.assert(
      fc.property(number, (input) => {
        const field = write(tsv(), 'k', input).slice(2, -1);
        expect(Number(field)).toBe(input);
        expect(field).toBe(Object.is(input, -0) ? '-0' : String(input));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    { key: 'k', value: 7, line: 'k\t7' },
    { key: ['a', 1], value: [null, true], line: 'a\t1\t\\N\ttrue' },
    { key: 'k', value: undefined, line: 'k' },
    { key: null, value: '', line: '\\N\t' },
    { key: 1n, value: -(2n ** 70n), line: '1\t-1180591620717411303424' },
    { key: 'k', value: { a: ['x\t', 1n, undefined], b: undefined }, line: 'k\t{"a":["x\\\\t","1",null]}' },
    { key: 'k', value: [['nested', 1]], line: 'k\t["nested",1]' },
    { key: 'k', value: new Map([['a', 1]]), line: 'k\t[["a",1]]' },
    { key: 'k', value: new Set([1, NaN]), line: 'k\t[1,"NaN"]' },
    { key: 'k', value: new Date(0), line: 'k\t1970-01-01T00:00:00.000Z' },
    { key: Buffer.from('\\N'), value: new Slice(Buffer.from('xa\tbx'), 1, 4), line: '\\\\N\ta\\tb' },
    { key: 'k', value: Float32Array.of(0.5), line: 'k\t[0.5]' },
    { key: [], value: undefined, line: '' },
  ])('writes $line', ({ key: someKey, value: someValue, line }) => {
    expect(write(tsv(), someKey, someValue)).toBe(`${line}\n`);
  });

  it('writes bytes that are no UTF-8 as they are', () => {
    const sink = new ByteSink();
    tsv()
      .open()
      .format(Uint8Array.of(0xff, 0, 0x09, 0xc3), 1, sink);
    expect([...sink.take()]).toEqual([0xff, 0, 0x5c, 0x74, 0xc3, 0x09, 0x31, 0x0a]);
  });

  it.each([
    { name: 'an invalid date', value: new Date(NaN) },
    { name: 'a function', value: () => 1 },
    { name: 'a class instance', value: { inner: new (class Point {})() } },
    { name: 'a lone surrogate in JSON', value: { a: '\ud800' } },
  ])('refuses $name', ({ value: someValue }) => {
    expect(() => write(tsv(), 'k', someValue)).toThrow(UnwritableRecordError);
  });

  it('refuses a value that holds itself', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(() => write(tsv(), 'k', cycle)).toThrow('holds itself');
  });
});

describe('csv', () => {
  it('writes rows that a parser by RFC 4180 reads back, with any delimiter and quote', () => {
    const dialect = fc.constantFrom(
      { delimiter: ',', quote: '"' },
      { delimiter: ';', quote: "'" },
      { delimiter: '\t', quote: '"' },
      { delimiter: 'a', quote: '\\' },
    );
    fc.assert(
      fc.property(
        fc.array(fc.array(string, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
        dialect,
        (rows, { delimiter, quote }) => {
          const written = rows.map((row) => write(csvWriter({ delimiter, quote }), row, undefined)).join('');
          expect(parseCsv(written, delimiter, quote)).toEqual(rows);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    { key: 'k', value: null, line: 'k,' },
    { key: 'k', value: '', line: 'k,""' },
    { key: null, value: undefined, line: '""' },
    { key: 'a"b', value: [1.5, 'x,y', 'two\nlines'], line: '"a""b",1.5,"x,y","two\nlines"' },
    { key: 'k', value: { a: 1 }, line: 'k,"{""a"":1}"' },
    { key: '\ufeffx', value: 1, line: '"\ufeffx",1' },
  ])('writes $line', ({ key: someKey, value: someValue, line }) => {
    expect(write(csvWriter(), someKey, someValue)).toBe(`${line}\n`);
  });

  it('quotes a number that holds the delimiter', () => {
    expect(write(csvWriter({ delimiter: '-' }), 'k', [-1.5, new Date(0)])).toBe('k-"-1.5"-"1970-01-01T00:00:00.000Z"\n');
  });

  it('begins each part with the names of the columns, when there are any', () => {
    const begin = (options: Parameters<typeof csvWriter>[0]) => {
      const sink = new ByteSink();
      csvWriter(options).open().begin(sink);
      return Buffer.from(sink.take()).toString();
    };
    expect(begin({ header: ['word', 'a,b'] })).toBe('word,"a,b"\n');
    expect(begin({ header: true, columns: { url: 'string', rank: 'number' } })).toBe('url,rank\n');
    expect(begin({ header: true })).toBe('');
    expect(begin({})).toBe('');
  });

  it('refuses what it cannot quote, and options that make no sense', () => {
    expect(() => write(csvWriter({ quote: false }), 'a,b', 1)).toThrow(UnwritableRecordError);
    expect(write(csvWriter({ quote: false }), 'a"b', 1)).toBe('a"b,1\n');
    for (const options of [{ delimiter: ',,' }, { delimiter: 'é' }, { delimiter: '\n' }, { quote: ',' }]) {
      expect(() => csvWriter(options)).toThrow(InvalidOptionError);
    }
  });
});

describe('jsonl', () => {
  it('writes a line that JSON.parse reads back', () => {
    fc.assert(
      fc.property(string, fc.jsonValue(), (someKey, json) => {
        const line = write(jsonlWriter(), someKey, json);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(JSON.parse(line)).toEqual({ key: someKey, value: json });
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    { key: 'k', value: undefined, line: '{"key":"k"}' },
    { key: ['a', 1n], value: -0, line: '{"key":["a","1"],"value":-0}' },
    {
      key: null,
      value: [NaN, Infinity, new Date(0)],
      line: '{"key":null,"value":["NaN","Infinity","1970-01-01T00:00:00.000Z"]}',
    },
    { key: Buffer.from('word'), value: Uint8Array.of(0xff), line: '{"key":"word","value":{"base64":"/w=="}}' },
    { key: 'k', value: new Map([[{ a: 1 }, new Set()]]), line: '{"key":"k","value":[[{"a":1},[]]]}' },
    { key: '\u0000\u001f"\\\b', value: '\u2028', line: '{"key":"\\u0000\\u001f\\"\\\\\\b","value":"\u2028"}' },
  ])('writes $line', ({ key: someKey, value: someValue, line }) => {
    expect(write(jsonlWriter(), someKey, someValue)).toBe(`${line}\n`);
  });
});

describe('text', () => {
  it.each([
    { value: 'a\tb\\', line: 'a\tb\\\n' },
    { value: 5, line: '5\n' },
    { value: ['a', null, 1], line: 'a\t\t1\n' },
    { value: undefined, line: '\n' },
    { value: Buffer.from('bytes'), line: 'bytes\n' },
    { value: { a: 'x"' }, line: '{"a":"x\\""}\n' },
  ])('writes $line', ({ value: someValue, line }) => {
    expect(write(text(), 'key', someValue)).toBe(line);
    expect(writeEncoded(text(), 'key', someValue)).toBe(line);
  });
});

describe('fixed', () => {
  it('writes the bytes of key and value, n in all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (someKey, someValue) => {
        fc.pre(someKey.length + someValue.length > 0);
        const writer = fixedWriter(someKey.length + someValue.length);
        const wanted = Buffer.concat([someKey, someValue]).toString();
        expect(write(writer, someKey, someValue)).toBe(wanted);
        expect(writeEncoded(writer, someKey, someValue)).toBe(wanted);
      }),
    );
  });

  it('takes text, tuples and nothing', () => {
    expect(write(fixedWriter(4), ['é', Uint8Array.of(65)], 'b')).toBe('éAb');
    expect(writeEncoded(fixedWriter(4), ['é', Uint8Array.of(65)], 'b')).toBe('éAb');
    expect(writeEncoded(fixedWriter(2), 'ab', undefined)).toBe('ab');
    expect(writeEncoded(fixedWriter(2), 'ab', null)).toBe('ab');
  });

  it('refuses a record of another length, and what has no bytes', () => {
    expect(() => write(fixedWriter(3), 'ab', 'cd')).toThrow('key "ab" cannot be written: key and value have 4 bytes');
    expect(() => writeEncoded(fixedWriter(3), 'ab', 'cd')).toThrow(UnwritableRecordError);
    expect(() => write(fixedWriter(3), 'ab', 1)).toThrow('not a value of type number');
    for (const bytes of [0, 1.5, -1, NaN]) expect(() => fixedWriter(bytes)).toThrow(InvalidOptionError);
  });
});

describe('createPartCompressor', () => {
  const raw = Buffer.alloc(2_500_000);
  for (let at = 0; at < raw.length; at++) raw[at] = (at * at) >> 7;

  it.each([
    { compress: 'gzip' as const, decompress: gunzipSync },
    { compress: 'zstd' as const, decompress: zstdDecompressSync },
  ])('makes $compress blocks that read as one, the same however they were pushed', ({ compress, decompress }) => {
    const compressed = [1, 2, 3].map((step) => {
      const part = createPartCompressor(compress);
      const blocks: Uint8Array[] = [];
      for (let at = 0; at < raw.length; at += 400_000 * step) blocks.push(...part.push(raw.subarray(at, at + 400_000 * step)));
      blocks.push(...part.end());
      expect(blocks).toHaveLength(3);
      return Buffer.concat(blocks);
    });
    expect(Buffer.compare(decompress(compressed[0]!), raw)).toBe(0);
    expect(compressed[1]!.equals(compressed[0]!)).toBe(true);
    expect(compressed[2]!.equals(compressed[0]!)).toBe(true);
    expect(compressed[0]!.length).toBeLessThan(raw.length);
  });

  it('makes a valid file of an empty part', () => {
    expect(gunzipSync(Buffer.concat(createPartCompressor('gzip').end()))).toHaveLength(0);
    expect(zstdDecompressSync(Buffer.concat(createPartCompressor('zstd').end()))).toHaveLength(0);
    expect(createPartCompressor('none').end()).toEqual([]);
  });

  it('ends a part whose bytes filled the last block without an empty one', () => {
    const part = createPartCompressor('gzip');
    expect(part.push(raw.subarray(0, 1024 * 1024))).toHaveLength(1);
    expect(part.end()).toEqual([]);
  });
});

/** The slow obvious way: one character at a time. */
function parseCsv(csv: string, delimiter: string, quote: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let at = 0; at < csv.length; at++) {
    const character = csv[at]!;
    if (isQuoted) {
      if (character !== quote) field += character;
      else if (csv[at + 1] === quote) field += csv[at++];
      else isQuoted = false;
    } else if (character === quote) {
      isQuoted = true;
    } else if (character === delimiter || character === '\n') {
      row.push(field);
      field = '';
      if (character === '\n') {
        rows.push(row);
        row = [];
      }
    } else {
      field += character;
    }
  }
  return rows;
}
