import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Workplace } from '../support/refold.ts';

const MIB = 2 ** 20;
/**
 * What a process may hold besides the job's `memoryBytes`, with pages that the allocator keeps. The data would take a gigabyte. How much
 * it really is, bench/ measures on a quiet machine.
 */
const OVERHEAD_BYTES = 250e6;

function place(definition: string): Workplace {
  const workplace = new Workplace();
  workplace.writeJob(`export default defineJob({ ${definition} });`);
  return workplace;
}

describe('refold run', () => {
  it('counts 10 million keys in the memory it was given', async () => {
    const workplace = place(`input: rawLines(),
  map(line, emit: Emit<number, number>) {
    const start = line.toNumber();
    for (let key = start; key < start + 1_000_000; key++) emit(key, 1);
  },
  combine: sum(),
  reduce(key, values, emit) { let total = 0; for (const value of values) total += value; if (total !== 1 || key % 1_000_000 === 7) emit(key, total); },`);
    workplace.write('in.txt', Array.from({ length: 10 }, (_, part) => `${part}000000\n`).join(''));
    const flags = [
      '--solo-bytes',
      '0',
      '--split-bytes',
      '40',
      '--workers',
      '2',
      '--reduce-tasks',
      '8',
      '--memory-bytes',
      '64MiB',
    ];
    const memory = workplace.watchMemory();
    const lines = await workplace.linesOf('in.txt', ...flags);
    expect(memory.stop()).toBeLessThan(64 * MIB + OVERHEAD_BYTES);
    expect(lines.toSorted()).toEqual(Array.from({ length: 10 }, (_, part) => `${part * 1_000_000 + 7}\t1`).toSorted());
  });

  it('streams 10 million values of one key', async () => {
    const workplace = place(`input: rawLines(),
  map(line, emit: Emit<string, number>) { for (let value = 0; value < 1_000_000; value++) emit('one', value); },
  reduce(key, values, emit) {
    let count = 0;
    let total = 0;
    for (const value of values) { count += 1; total += value; }
    emit(key, [count, total]);
  },`);
    workplace.write('in.txt', 'x\n'.repeat(10));
    const flags = ['--solo-bytes', '0', '--split-bytes', '10', '--workers', '2', '--memory-bytes', '64MiB'];
    const memory = workplace.watchMemory();
    expect(await workplace.linesOf('in.txt', ...flags)).toEqual(['one\t10000000\t4999995000000']);
    expect(memory.stop()).toBeLessThan(64 * MIB + OVERHEAD_BYTES);
  });

  it('carries one value of 200 MB', async () => {
    const workplace = place(`map(line, emit: Emit<string, Uint8Array>) { emit(line, new Uint8Array(200_000_000).fill(120)); },
  reduce(key, values, emit) { for (const value of values) emit(key, value); },
  output: text(),`);
    workplace.write('in.txt', 'big\n');
    const ended = await workplace.run('in.txt', '--solo-bytes', '0', '--workers', '1', '--memory-bytes', '64MiB');
    expect(ended, ended.stderr).toMatchObject({ exitCode: 0 });
    const sizes = workplace
      .output()!
      .filter((name) => name.startsWith('part-'))
      .map((name) => statSync(workplace.path(`out/${name}`)).size);
    expect(Math.max(...sizes)).toBe(200_000_001);
  });
});
