import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Workplace } from '../support/refold.ts';

/** Every line once, as JSON, so that nothing about it is lost on the way. */
const ECHO = 'export default defineJob({ map(line, emit) { emit(null, JSON.stringify(line)); }, output: text() });';
const SPLITS = ['--solo-bytes', '0', '--split-bytes', '5', '--workers', '1'];

function place(job = ECHO): Workplace {
  const workplace = new Workplace();
  workplace.writeJob(job);
  return workplace;
}

describe('refold run', () => {
  it.each([
    { name: 'NUL bytes as data', bytes: 'a\0b\n\0\n', lines: ['a\0b', '\0'] },
    { name: 'no byte order mark, but at the start', bytes: '\ufeffa\n\ufeffb\n', lines: ['a', '\ufeffb'] },
    {
      name: 'lines without their CRLF, wherever it is cut',
      bytes: 'aaa\r\nbbb\r\nccc\r\n\r\n',
      lines: ['aaa', 'bbb', 'ccc', ''],
    },
    { name: 'a lone CR as data', bytes: 'a\rb\r\r\nc\r', lines: ['a\rb\r', 'c\r'] },
    { name: 'a last line without a newline', bytes: 'aaaa\nbbbb\ncc', lines: ['aaaa', 'bbbb', 'cc'] },
    { name: 'characters that a split cuts', bytes: 'äöü€\n😀😀\n', lines: ['äöü€', '😀😀'] },
  ])('hands out $name', async ({ bytes, lines }) => {
    const workplace = place();
    workplace.write('in.txt', bytes);
    expect(await workplace.linesOf('in.txt', ...SPLITS)).toEqual(lines.map((line) => JSON.stringify(line)));
  });

  it.each([{ flags: [] }, { flags: SPLITS }])('names file, byte and record of invalid UTF-8, with $flags', async ({ flags }) => {
    const workplace = place();
    workplace.write('in.txt', Buffer.from([...Buffer.from('good\nbad '), 0xff, 0xfe, 0x0a]));
    const { exitCode, said } = await workplace.refusalOf('in.txt', ...flags);
    expect(exitCode).toBe(1);
    expect(said).toContain('REFOLD_BAD_RECORD');
    expect(said).toMatch(/in\.txt: record [01] of its split, at byte 5: invalid UTF-8 at byte 9\./);
    expect(said).toContain("encoding: 'latin1'");
  });

  it('makes an output without records of an empty file, and of an empty folder', async () => {
    const workplace = place();
    workplace.write('in.txt', '');
    expect(await workplace.linesOf('in.txt')).toEqual([]);
    expect(workplace.output()).toContain('_SUCCESS');
    const other = place();
    mkdirSync(other.path('in'));
    expect(await other.linesOf('in')).toEqual([]);
    expect(other.output()).toContain('_SUCCESS');
  });

  it.each(['nothing.txt', 'nothing-*.txt'])('says that there is no %s', async (input) => {
    const { exitCode, said } = await place().refusalOf(input);
    expect(exitCode).toBe(2);
    expect(said).toContain(`${input}: no such file or folder, or the glob matches nothing.`);
    expect(said).toContain('Check the path or the glob given to --input.');
  });

  it('maps a line of 50 MB once, whatever the splits', async () => {
    const workplace = place('export default defineJob({ map(line, emit) { emit(line.length, line.slice(-3)); } });');
    const long = Buffer.alloc(50_000_000, 'x');
    workplace.write('in.txt', Buffer.concat([Buffer.from('first\n'), long, Buffer.from('end\nlast\n')]));
    const lines = await workplace.linesOf('in.txt', '--solo-bytes', '0', '--split-bytes', '4MiB', '--workers', '2');
    expect(lines).toEqual(['5\trst', '50000003\tend', '4\tast']);
  });
});
