import { describe, expect, it } from 'vitest';
import { Workplace } from '../support/refold.ts';

function place(definition: string, input: string): Workplace {
  const workplace = new Workplace();
  workplace.writeJob(`export default defineJob({ ${definition} });`);
  workplace.write('in.txt', input);
  return workplace;
}

describe('refold run', () => {
  it('reads quoted newlines whole, wherever the splits cut them', async () => {
    const rows = Array.from({ length: 300 }, (_, row) => [`${row}`, `line\n"${'\n,'.repeat(row % 40)}",\r\nend`]);
    const table = rows.map(([id, value]) => `${id},"${value!.replaceAll('"', '""')}"\r\n`).join('');
    const workplace = place('input: csv(), map(row, emit) { emit(Number(row[0]), row[1]); }, output: jsonl()', table);
    const lines = await workplace.linesOf('in.txt', '--solo-bytes', '0', '--split-bytes', '97', '--workers', '2');
    expect(lines).toEqual(rows.map(([id, value]) => JSON.stringify({ key: Number(id), value })));
  });

  it('names file, byte and record of a ragged row', async () => {
    const workplace = place('input: csv({ header: true }), map(row, emit) { emit(row.a, row.b); }', 'a,b\n1,2\n1,2,3\n');
    const { exitCode, said } = await workplace.refusalOf('in.txt');
    expect(exitCode).toBe(1);
    expect(said).toContain('in.txt: record 1 of its split, at byte 8: it has 3 fields where 2 are expected.');
    expect(said).toContain('Repair the row');
  });

  it('names file, byte and record of a number that is none', async () => {
    const columns = 'input: csv({ header: true, columns: { a: "string", b: "number" } })';
    const workplace = place(`${columns}, map(row, emit) { emit(row.a, row.b); }`, 'a,b\n1,2\n1,x\n');
    const { exitCode, said } = await workplace.refusalOf('in.txt');
    expect(exitCode).toBe(1);
    expect(said).toMatch(/in\.txt: record 1 of its split, at byte 8: .*"x"/);
  });

  it('names file, byte and record of a line that is no JSON', async () => {
    const workplace = place('input: jsonl(), map(value, emit) { emit(value.a, 1); }', '{"a":1}\n{oops\n');
    const { exitCode, said } = await workplace.refusalOf('in.txt');
    expect(exitCode).toBe(1);
    expect(said).toContain('in.txt: record 1 of its split, at byte 8: it is no JSON');
    expect(said).toContain('Repair the line');
  });

  it('names file and byte of a file that is no whole number of records', async () => {
    const workplace = place('input: fixed(4), map(slice, emit) { emit(slice, 1); }', 'aaaabbbbcc');
    const { exitCode, said } = await workplace.refusalOf('in.txt');
    expect(exitCode).toBe(1);
    expect(said).toMatch(/in\.txt: record 2 of its split, at byte 8/);
  });
});
