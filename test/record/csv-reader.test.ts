import * as fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { csvReader } from '../../lib/record/csv-reader.ts';
import type { Reader } from '../../lib/record/reader.ts';
import { bytesOf, readObject } from './ranges.ts';

/** Rows as the writer of the file meant them: the oracle is the data that the text is made from, and where each row was put. */
type Field = { readonly text: string; readonly isQuoted: boolean };
type Row = { readonly fields: readonly Field[]; readonly lineEnd: '\n' | '\r\n' };

const tricky = fc
  .array(fc.constantFrom('"', '"', ',', '\n', '\r\n', 'a', 'é', '😀', ' ', ';'), { maxLength: 7 })
  .map((parts) => parts.join(''));
const plain = fc.array(fc.constantFrom('b', 'cd', 'ü', '\r', ' ', '7'), { maxLength: 4 }).map((parts) => parts.join(''));
const field = (): fc.Arbitrary<Field> =>
  fc.oneof(
    tricky.map((text) => ({ text, isQuoted: true })),
    // A CR at a plain field's end could meet the line end.
    plain.map((text) => ({ text: text.replace(/\r+$/, ''), isQuoted: false })),
  );
const rows = (): fc.Arbitrary<Row[]> =>
  fc.array(fc.record({ fields: fc.array(field(), { minLength: 1, maxLength: 4 }), lineEnd: fc.constantFrom('\n', '\r\n') }), {
    maxLength: 14,
  });

function format(file: readonly Row[], { hasLastLineEnd, bom }: { hasLastLineEnd: boolean; bom: string }) {
  let text = bom;
  const expected: { row: string[]; byte: number }[] = [];
  for (const [index, { fields, lineEnd }] of file.entries()) {
    const line = fields.map(({ text, isQuoted }) => (isQuoted ? `"${text.replaceAll('"', '""')}"` : text)).join(',');
    if (line !== '') expected.push({ row: fields.map(({ text }) => text), byte: bytesOf(text).length });
    text += line + (index === file.length - 1 && !hasLastLineEnd ? '' : lineEnd);
  }
  return { text, expected };
}

/** The longest field as the reader measures it: what stands between the quotes. */
function fieldBytesMax(file: readonly Row[]): number {
  return Math.max(1, ...file.flatMap(({ fields }) => fields.map(({ text }) => bytesOf(text.replaceAll('"', '""')).length)));
}

const cutting = () => ({
  file: rows(),
  hasLastLineEnd: fc.boolean(),
  bom: fc.constantFrom('', '\uFEFF'),
  cuts: fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 8 }),
  chunkBytes: fc.integer({ min: 1, max: 60 }),
  pauseEvery: fc.integer({ min: 0, max: 2 }),
  /** How far above the longest field the look back reaches: mostly not at all. */
  slack: fc.constantFrom(0, 0, 0, 3, 20, 1000),
});

describe('csvReader', () => {
  it('hands out every row exactly once, with its position, wherever the cuts and chunks fall', () =>
    fc.assert(
      fc.asyncProperty(fc.record(cutting()), async ({ file, cuts, chunkBytes, pauseEvery, slack, ...layout }) => {
        const { text, expected } = format(file, layout);
        const reader = csvReader({ maxFieldBytes: fieldBytesMax(file) + slack });
        const read = await readObject(reader, text, cuts, { chunkBytes, pauseEvery });
        expect(read.records).toEqual(expected.map(({ row }) => row));
        expect(read.bytes).toEqual(expected.map(({ byte }) => byte));
      }),
      { numRuns: 2000 },
    ));

  it('hands out every row once under a cut at every byte', async () => {
    const text = 'a,"b\r\n""c""\n",d\r\n"","",""\n"x\n","\n,\n"\n",",","\n\n'.repeat(5);
    const whole = await readObject(csvReader(), text);
    for (const maxFieldBytes of [10, 12, 100]) {
      for (let cut = 1; cut < text.length; cut++) {
        expect((await readObject(csvReader({ maxFieldBytes }), text, [cut])).records).toEqual(whole.records);
      }
    }
    expect(whole.records.slice(0, 3)).toEqual([
      ['a', 'b\r\n"c"\n', 'd'],
      ['', '', ''],
      ['x\n', '\n,\n'],
    ]);
  });

  it('finds the rows of an object with a header from any cut', () =>
    fc.assert(
      fc.asyncProperty(fc.record(cutting()), async ({ file, cuts, chunkBytes, slack, ...layout }) => {
        const pairs = file.map(({ fields, lineEnd }) => ({ fields: [fields[0]!, { text: 'x,y', isQuoted: true }], lineEnd }));
        const header: Row = {
          fields: [
            { text: 'left\n"column"', isQuoted: true },
            { text: 'right', isQuoted: false },
          ],
          lineEnd: '\r\n',
        };
        const { text, expected } = format([header, ...pairs], layout);
        const reader = csvReader({ header: true, maxFieldBytes: fieldBytesMax([header, ...pairs]) + slack });
        const read = await readObject(reader, text, cuts, { chunkBytes });
        expect(read.records).toEqual(expected.slice(1).map(({ row }) => ({ 'left\n"column"': row[0], right: row[1] })));
        expect(read.bytes).toEqual(expected.slice(1).map(({ byte }) => byte));
      }),
      { numRuns: 500 },
    ));

  it('counts quotes from the start where the look back does not tell', async () => {
    // Both inside and outside quotes this is well formed, however far one looks back.
    const text = `"${',\n'.repeat(3)}","${'","\n","'.repeat(400)}"\n`;
    const whole = await readObject(csvReader({ maxFieldBytes: 50 }), text);
    for (const cut of [500, 1001, 1702, 2203]) {
      expect((await readObject(csvReader({ maxFieldBytes: 50 }), text, [cut])).records).toEqual(whole.records);
    }
  });

  it.each([
    {
      name: 'a quote inside a plain field',
      text: 'a,b\nc,d"e\n',
      byte: 4,
      reason: 'the quote at byte 7 neither starts nor ends a field',
    },
    {
      name: 'text behind a closing quote',
      text: '"a"b\n',
      byte: 0,
      reason: 'the quote at byte 2 neither starts nor ends a field',
    },
    {
      name: 'a lone CR behind a closing quote',
      text: 'x\n"a"\rb\n',
      byte: 2,
      reason: 'the quote at byte 4 neither starts nor ends a field',
    },
    { name: 'a quote that is never closed', text: 'x\n1,"a\nb', byte: 2, reason: 'the quote at byte 4 is never closed' },
  ])('refuses $name, with its position', async ({ text, byte, reason }) => {
    for (const chunkBytes of [1, 2, 100]) {
      await expect(readObject(csvReader(), text, [], { chunkBytes })).rejects.toMatchObject({
        code: 'REFOLD_BAD_RECORD',
        values: { byte, reason },
      });
    }
  });

  it('refuses a field that is too long, quoted or not, and takes one of just that length', async () => {
    for (const quote of ['', '"']) {
      expect((await readObject(csvReader({ maxFieldBytes: 5 }), `${quote}abcde${quote}\r\n`)).records).toEqual([['abcde']]);
      await expect(readObject(csvReader({ maxFieldBytes: 4 }), `x\n${quote}abcde${quote}\n`)).rejects.toMatchObject({
        values: { byte: 2 },
      });
    }
  });

  it('skips empty lines, and keeps a row of one empty quoted field', async () => {
    expect((await readObject(csvReader(), '\na\n\r\n\n""\n,\n\n')).records).toEqual([['a'], [''], ['', '']]);
  });

  it('reads another dialect', async () => {
    const text = "a;'b;''c'\n";
    expect((await readObject(csvReader({ delimiter: ';', quote: "'" }), text)).records).toEqual([['a', "b;'c"]]);
    const tabs = 'a "b"\t"c\nd\te\n';
    expect((await readObject(csvReader({ delimiter: '\t', quote: false }), tabs, [8])).records).toEqual([
      ['a "b"', '"c'],
      ['d', 'e'],
    ]);
  });

  it('makes typed objects, by order without a header and by name with one', async () => {
    const columns = { url: 'string', rank: 'number', size: 'bigint', ok: 'boolean' } as const;
    const record = { url: 'é,1', rank: -1.5, size: 12345678901234567890n, ok: true };
    const row = '"é,1","-1.5",12345678901234567890,True\n';
    expect((await readObject(csvReader({ columns }), row)).records).toEqual([record]);
    const named = await readObject(
      csvReader({ header: true, columns: { rank: 'number', url: 'string' } }),
      `url,rank,size,ok\n${row}`,
    );
    expect(named.records).toEqual([{ rank: -1.5, url: 'é,1' }]);
  });

  it.each([
    {
      name: 'a ragged row',
      options: { columns: { a: 'string', b: 'string' } },
      text: '1,2\n3\n',
      byte: 4,
      reason: 'it has 1 fields where 2 are expected',
    },
    {
      name: 'a row longer than the header',
      options: { header: true },
      text: 'a,b\n1,2\n1,2,3\n',
      byte: 8,
      reason: 'it has 3 fields where 2 are expected',
    },
    {
      name: 'a bad number',
      options: { columns: { a: 'number' } },
      text: '1\n1O\n',
      byte: 2,
      reason: '"1O" in column "a" is not a number',
    },
    {
      name: 'an empty number',
      options: { columns: { a: 'number', b: 'string' } },
      text: '1,x\n,y\n',
      byte: 4,
      reason: '"" in column "a" is not a number',
    },
    {
      name: 'a bad bigint',
      options: { columns: { a: 'bigint' } },
      text: '1.5\n',
      byte: 0,
      reason: '"1.5" in column "a" is not a whole number',
    },
    {
      name: 'a bad boolean',
      options: { columns: { a: 'boolean' } },
      text: 'yes\n',
      byte: 0,
      reason: '"yes" in column "a" is not true or false',
    },
    {
      name: 'a header without a column',
      options: { header: true, columns: { z: 'string' } },
      text: 'a,b\n1,2\n',
      byte: 0,
      reason: 'the header has no column "z"',
    },
    {
      name: 'a header with a column twice',
      options: { header: true },
      text: 'a,a\n1,2\n',
      byte: 0,
      reason: 'the header names "a" twice',
    },
  ])('refuses $name, with its position', async ({ options, text, byte, reason }) => {
    const reader = (csvReader as (options: object) => Reader<unknown>)(options);
    await expect(readObject(reader, text, [byte + 1])).rejects.toMatchObject({
      code: 'REFOLD_BAD_RECORD',
      values: { byte, reason },
    });
  });

  it('refuses invalid UTF-8 with its byte, and reads it as asked to', async () => {
    const bytes = Uint8Array.from([...bytesOf('a,é\nb,'), 0xff, ...bytesOf('x\n')]);
    await expect(readObject(csvReader(), bytes)).rejects.toMatchObject({
      values: { byte: 5, reason: 'invalid UTF-8 at byte 7' },
    });
    expect((await readObject(csvReader({ encoding: 'latin1' }), bytes)).records[1]).toEqual(['b', 'ÿx']);
    expect((await readObject(csvReader({ encoding: 'replace' }), bytes)).records).toEqual([
      ['a', 'é'],
      ['b', '\uFFFDx'],
    ]);
  });

  it('keeps a column named __proto__ as a plain property', async () => {
    const [record] = (await readObject(csvReader({ header: true }), '__proto__,a\n1,2\n')).records;
    expect(Object.entries(record!)).toEqual([
      ['__proto__', '1'],
      ['a', '2'],
    ]);
  });

  it('reads rows of 100 KB and of 1,000 fields', async () => {
    const long = 'x'.repeat(100_000);
    const many = Array.from({ length: 1000 }, (_, index) => `f${index}`);
    const text = `${long},é\n${many.join(',')}\n"${long}"\n`;
    expect((await readObject(csvReader(), text, [50, 100_010], { chunkBytes: 7000 })).records).toEqual([
      [long, 'é'],
      many,
      [long],
    ]);
  });

  it('types its records', () => {
    expectTypeOf(csvReader()).toEqualTypeOf<Reader<string[]>>();
    expectTypeOf(csvReader({ delimiter: ';' })).toEqualTypeOf<Reader<string[]>>();
    expectTypeOf(csvReader({ header: true })).toEqualTypeOf<Reader<Record<string, string>>>();
    expectTypeOf(csvReader({ columns: { url: 'string', rank: 'number' } })).toEqualTypeOf<
      Reader<{ url: string; rank: number }>
    >();
    expectTypeOf(csvReader({ header: true, columns: { big: 'bigint', ok: 'boolean' } })).toEqualTypeOf<
      Reader<{ big: bigint; ok: boolean }>
    >();
    // @ts-expect-error a type that columns can't have
    expect(() => csvReader({ columns: { rank: 'float' } })).toThrow('columns.rank');
    // @ts-expect-error an option that is none
    csvReader({ separator: ';' });
  });

  it.each([
    { delimiter: ',,' },
    { delimiter: '\n' },
    { delimiter: 'é' },
    { delimiter: '"' },
    { quote: '' },
    { maxFieldBytes: 0 },
  ])('refuses %j', (options) => {
    expect(() => csvReader(options)).toThrow();
  });
});
