import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatStagedRef, parseStagedRef } from '../../../lib/aws/s3/staged-ref.ts';

describe('a staged reference', () => {
  it('is read back as it was written', () => {
    const hex = fc.stringMatching(/^[0-9a-f]{32}$/);
    const crc = fc.stringMatching(/^[A-Za-z0-9+/]{6}==$/);
    const upload = fc.record({
      jobId: fc.stringMatching(/^[\w-]{1,20}$/),
      uploadId: fc.string({ minLength: 1 }),
      crc,
      bytes: fc.nat(),
      parts: fc.array(fc.tuple(hex, crc), { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(upload, (staged) => {
        expect(parseStagedRef({ ref: formatStagedRef(staged), bytes: staged.bytes })).toEqual(staged);
      }),
    );
  });

  it('takes 50 bytes a part', () => {
    const part = ['d'.repeat(32), 'AAAAAA=='] as const;
    const staged = { jobId: 'job', uploadId: 'u', crc: 'AAAAAA==', bytes: 1 };
    const one = formatStagedRef({ ...staged, parts: [part] }).length;
    expect(formatStagedRef({ ...staged, parts: [part, part] }).length - one).toBeLessThan(50);
  });

  it.each(['', 'memory:attempt-1', 'null', '[]', '{}', '{"job":1}', '{"job":"j","upload":"u","crc":"c"}'])(
    'says no to %j, which is none',
    (ref) => {
      expect(parseStagedRef({ ref, bytes: 0 })).toBeUndefined();
    },
  );
});
