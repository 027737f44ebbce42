import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSuccess, parseSuccess, type SuccessFile } from '../../lib/output/success-file.ts';

const partOf = (index: number) => ({
  name: `part-${index}\n  "parts": []`,
  records: index,
  bytes: 7,
  crc32: 2 ** 32 - 1 - index,
});
const successOf = (name: string, parts: number) =>
  ({
    format: 1,
    jobId: 'job',
    name,
    createdAtMs: 1,
    parts: Array.from({ length: parts }, (_, index) => partOf(index)),
    counters: { 'parts": []': 1 },
    receipt: { jobId: 'job', parts: [] },
  }) as unknown as SuccessFile;

describe('encodeSuccess', () => {
  it.each([0, 1, 2, 999, 1_000, 1_001, 2_500])('gives the JSON of %i parts, two spaces a level', (parts) => {
    const success = successOf('word count', parts);
    const content = encodeSuccess(success);
    expect(Buffer.from(content).toString('utf8')).toBe(`${JSON.stringify(success, undefined, 2)}\n`);
    expect(parseSuccess(content)).toEqual(success);
  });

  it('takes any name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 3 }), (name, parts) => {
        const success = successOf(`${name}\n  "parts": []`, parts);
        expect(Buffer.from(encodeSuccess(success)).toString('utf8')).toBe(`${JSON.stringify(success, undefined, 2)}\n`);
      }),
    );
  });
});
