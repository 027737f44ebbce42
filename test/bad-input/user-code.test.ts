import { describe, expect, it } from 'vitest';
import { type Refusal, Workplace } from '../support/refold.ts';

const IN = 'first\nsecond\nthird\n';
/** Two of a task's ways to run: whole in this process, and by phases in workers. */
const WAYS = [
  { way: 'inline', flags: [] },
  { way: 'in workers', flags: ['--solo-bytes', '0', '--workers', '2', '--split-bytes', '6'] },
];

async function refusalOf(body: string, flags: readonly string[], rest = 'reduce: count()'): Promise<Refusal> {
  const workplace = new Workplace();
  workplace.writeJob(`export default defineJob({\n  map(line, emit) {\n    ${body}\n    emit(line, 1);\n  },\n  ${rest},\n});`);
  workplace.write('in.txt', IN);
  return await workplace.refusalOf('in.txt', '--max-attempts', '1', ...flags);
}

/** The second line, wherever the splits are. */
const SECOND = /in\.txt, record [01] of its split, byte 6/;
const SECOND_IN_HAND = /with record [01] at byte 6 of in\.txt in hand/;
const ON_SECOND = 'if (line === "second")';

describe.each(WAYS)('refold run, $way', ({ flags }) => {
  it('names the record and the line of the job file that throws', async () => {
    const { exitCode, said } = await refusalOf(`${ON_SECOND} throw new RangeError("boom");`, flags);
    expect(exitCode).toBe(1);
    expect(said).toMatch(/REFOLD_USER_CODE {2}the job failed/);
    expect(said).toMatch(SECOND);
    expect(said).toMatch(/RangeError: boom\n\s+at map \(\S*job\.ts:4:/);
    expect(said).toContain('Fix map in the job file, then run the same command again: with other code it is another job');
    expect(said).not.toContain('/lib/map/');
  });

  it.each(['null', '"text"', '{ status: 500 }'])('names the record that throws %s', async (thrown) => {
    const { exitCode, said } = await refusalOf(`${ON_SECOND} throw ${thrown};`, flags);
    expect(exitCode).toBe(1);
    expect(said).toMatch(SECOND);
    expect(said).toContain('was thrown, which is not an Error');
  });

  it('names the record that calls process.exit', async () => {
    const { exitCode, said } = await refusalOf(`${ON_SECOND} process.exit(0);`, flags);
    expect(exitCode).toBe(1);
    expect(said).toContain('Your code called process.exit(0)');
    expect(said).toMatch(SECOND_IN_HAND);
    expect(said).toContain('Throw an error instead');
  });

  it.each(['for (;;);', 'return new Promise(() => {});'])('names the record that hangs: %s', async (hang) => {
    const { exitCode, said } = await refusalOf(`${ON_SECOND} { ${hang} }`, [...flags, '--record-timeout-ms', '300']);
    expect(exitCode).toBe(1);
    expect(said).toContain('User code did not return within 300 ms');
    expect(said).toMatch(SECOND_IN_HAND);
    expect(said).toContain('raise --record-timeout-ms');
  });

  it.each([
    { key: '() => 1', reason: 'it is a function' },
    { key: 'NaN', reason: 'it is NaN' },
    { key: '"\\ud800"', reason: 'lone surrogate' },
  ])('names the record whose key cannot be encoded: $key', async ({ key, reason }) => {
    const { exitCode, said } = await refusalOf(`${ON_SECOND} emit(${key} as never, 1);`, flags);
    expect(exitCode).toBe(1);
    expect(said).toMatch(SECOND);
    expect(said).toContain('This key cannot be encoded exactly');
    expect(said).toContain(reason);
    expect(said).toMatch(/job\.ts:4:/);
    expect(said).toContain('Emit keys of string, number');
  });

  it('names the record whose value cannot be encoded', async () => {
    const { exitCode, said } = await refusalOf(`${ON_SECOND} emit(line, { deep: [() => 1] } as never);`, flags, 'reduce() {}');
    expect(exitCode).toBe(1);
    expect(said).toMatch(SECOND);
    expect(said).toContain('This value cannot be encoded exactly');
  });

  it('says which key a reduce throws at', async () => {
    const reduce = 'reduce(key, values, emit) {\n    if (key === "second") throw new Error("in reduce");\n  }';
    const { exitCode, said } = await refusalOf('', flags, reduce);
    expect(exitCode).toBe(1);
    expect(said).toMatch(/reduce failed at key "second": Error: in reduce[\s\S]*job\.ts:8:/);
    expect(said).toContain('Fix reduce in the job file');
  });

  it('ends when a timer of user code throws', async () => {
    const late =
      'setTimeout(() => { throw new Error("later"); }, 1); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);';
    const { exitCode, said } = await refusalOf(`${late} return new Promise(() => {});`, flags);
    expect(exitCode).toBe(1);
    expect(said).toMatch(/REFOLD_THREAD_CRASHED[\s\S]*Error: later[\s\S]*job\.ts:4:/);
    expect(said).toContain('Await every promise');
  });

  it('shows the line of the job file that rejects a promise nobody awaits, and no line of the engine', async () => {
    const { said } = await refusalOf('Promise.reject(new Error("nobody awaits it.")); return new Promise(() => {});', flags);
    expect(said).toMatch(/in hand: Error: nobody awaits it\.\n[\s\S]*job\.ts:4:/);
    expect(said).not.toContain('/lib/');
  });

  it.each([
    { values: 'emit(line, "text" as never);', combine: '', message: 'reduce failed at key "first": sum\\(\\) takes numbers' },
    {
      values: 'emit("same", line === "first" ? 1n : 1 as never);',
      combine: 'combine: sum(), ',
      message: '(map|reduce) failed at .*sum\\(\\) met numbers and bigints',
    },
  ])('says where sum() has no answer: $message', async ({ values, combine, message }) => {
    const only = `if (line !== "third") { ${values} } return;`;
    const { exitCode, said } = await refusalOf(only, flags, `${combine}reduce: sum()`);
    expect(exitCode).toBe(1);
    expect(said).toMatch(new RegExp(message));
    expect(said).toContain('Emit ');
  });
});

describe('refold run', () => {
  it.each([
    {
      what: 'the heap',
      eat: 'const kept: unknown[] = []; for (;;) kept.push(new Array(1000).fill(Math.random()));',
      code: 'REFOLD_HEAP_OVERFLOW',
    },
    {
      what: 'typed arrays',
      eat: 'const kept: unknown[] = []; for (;;) kept.push(new Uint8Array(64e6).fill(1));',
      code: 'REFOLD_MEMORY_LIMIT',
    },
  ])('names the record that eats all memory: $what', async ({ eat, code }) => {
    const { exitCode, said } = await refusalOf(`${ON_SECOND} { ${eat} }`, WAYS[1]!.flags);
    expect(exitCode).toBe(1);
    expect(said).toContain(code);
    expect(said).toMatch(SECOND_IN_HAND);
    expect(said).toContain('Hold less in memory');
  });

  it('tries a record that fails again, as often as was asked for', async () => {
    const workplace = new Workplace();
    workplace.writeJob(`import { appendFileSync } from 'node:fs';
      export default defineJob({ map(line, emit) { appendFileSync('tries', 'x'); throw new Error('always'); } });`);
    workplace.write('in.txt', 'a\n');
    const { said } = await workplace.refusalOf('in.txt', '--max-attempts', '3');
    expect(said).toContain('Error: always');
    expect(workplace.read('tries')).toBe('xxx');
  });
});
