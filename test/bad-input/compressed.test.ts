import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Workplace } from '../support/refold.ts';

const JOB = 'export default defineJob({ map(line, emit) { emit(line, 1); }, combine: sum(), reduce: sum() });';
const FORMATS = [
  { format: 'gzip', compress: (text: string) => gzipSync(text) },
  { format: 'zstd', compress: (text: string) => zstdCompressSync(text) },
];

function place(bytes: Uint8Array): Workplace {
  const workplace = new Workplace();
  workplace.writeJob(JOB);
  workplace.write('in.bin', bytes);
  return workplace;
}

/** Lines that do not repeat, so that a cut of the compressed bytes is in the middle of them. */
const text = Array.from({ length: 5_000 }, (_, line) => `line ${line} ${(line * 7919) % 10007}\n`).join('');

describe.each(FORMATS)('refold run over $format', ({ format, compress }) => {
  it('reads one member after the other, lines across them too', async () => {
    const workplace = place(Buffer.concat([compress('a\nb'), compress('c\n'), compress(''), compress('a\n')]));
    expect((await workplace.linesOf('in.bin')).toSorted()).toEqual(['a\t2', 'bc\t1']);
  });

  it.each([0.5, 0.999])('says that it is cut short at %d of its bytes', async (part) => {
    const bytes = compress(text);
    const { exitCode, said } = await place(bytes.subarray(0, Math.floor(bytes.length * part))).refusalOf('in.bin');
    expect(exitCode).toBe(1);
    expect(said).toContain('REFOLD_CORRUPT_INPUT');
    expect(said).toMatch(new RegExp(`in\\.bin: at byte \\d+: the ${format} data is cut short`));
    expect(said).toContain('Check the file');
  });

  it('says that it is damaged', async () => {
    const bytes = compress(text);
    bytes[bytes.length >> 1]! ^= 0xff;
    const { exitCode, said } = await place(bytes).refusalOf('in.bin');
    expect(exitCode).toBe(1);
    expect(said).toMatch(new RegExp(`REFOLD_CORRUPT_INPUT[\\s\\S]*in\\.bin: at byte \\d+: the ${format} data is damaged`));
  });

  it('refuses what follows it and is no member', async () => {
    const { exitCode, said } = await place(Buffer.concat([compress(text), Buffer.from('junk here')])).refusalOf('in.bin');
    expect(exitCode).toBe(1);
    expect(said).toMatch(/REFOLD_CORRUPT_INPUT[\s\S]*in\.bin: at byte \d+/);
  });
});
