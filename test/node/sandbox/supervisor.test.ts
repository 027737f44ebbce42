import { describe, expect, it } from 'vitest';
import { DEFAULT_SANDBOX_LIMITS } from '../../../lib/node/sandbox/sandbox-message.ts';
import { Supervisor } from '../../../lib/node/sandbox/supervisor.ts';
import { failureOf, jobOf, openPool } from '../../local/sandbox/pool-fixture.ts';

const MIB = 2 ** 20;
const HELD = { object: '/data/in.txt', byte: 107, record: 7 };
const HELD_TEXT = 'with record 7 at byte 107 of /data/in.txt in hand';

const misdeeds = [
  { name: 'an endless loop', body: 'for (;;);', code: 'REFOLD_RECORD_HUNG', text: 'within 300 ms' },
  {
    name: 'a runaway regular expression',
    body: 'return /^(a+)+$/.test("a".repeat(60) + "b");',
    code: 'REFOLD_RECORD_HUNG',
    text: 'within 300 ms',
  },
  {
    name: 'a promise that never settles',
    body: 'await new Promise(() => {});',
    code: 'REFOLD_RECORD_HUNG',
    text: 'within 300 ms',
  },
  { name: 'process.exit', body: 'process.exit(3);', code: 'REFOLD_USER_EXIT', text: 'process.exit(3)' },
  {
    name: 'a rejection nobody awaits',
    body: 'Promise.reject(new TypeError("lost")); await new Promise(() => {});',
    code: 'REFOLD_THREAD_CRASHED',
    text: 'TypeError: lost',
  },
  {
    name: 'a rejection of null',
    body: 'Promise.reject(null); await new Promise(() => {});',
    code: 'REFOLD_THREAD_CRASHED',
    text: 'null',
  },
  {
    name: 'an error in a timer',
    body: 'setTimeout(() => { throw new Error("late"); }, 1); await new Promise(() => {});',
    code: 'REFOLD_THREAD_CRASHED',
    text: 'Error: late',
  },
];

describe.each(['inline', 1] as const)('a supervised thread, workers %s', (workers) => {
  it.each(misdeeds)('survives $name and names the record in hand', async ({ body, code, text }) => {
    const { pool, events } = await openPool(
      { workers, limits: { recordTimeoutMs: 300 } },
      jobOf(`if (text === 'bad') { ${body} } return text;`),
    );
    const failure = await failureOf(pool.run({ text: 'bad' }));
    expect(failure).toMatchObject({ code, retryable: true, values: HELD });
    expect(failure.message).toContain(text);
    expect(failure.message).toContain(HELD_TEXT);
    expect(failure.hint).not.toBe('');
    expect(await pool.run({ text: 'good' })).toEqual({ answer: 'good', settings: 'set' });
    expect(events.map((event) => event.kind)).toEqual(['sandbox-started']); // The process lives on.
  });

  it('ends a thread whose heap is full, and names the record', async () => {
    const job = jobOf(`if (text === 'bad') { const all = []; for (;;) all.push({ at: all.length }); } return text;`);
    const { pool } = await openPool({ workers, limits: { heapBytes: 48 * MIB } }, job);
    const failure = await failureOf(pool.run({ text: 'bad' }));
    expect(failure).toMatchObject({
      name: 'HeapOverflowError',
      code: 'REFOLD_HEAP_OVERFLOW',
      values: { ...HELD, heapBytes: 48 * MIB },
    });
    expect(await pool.run({ text: 'good' })).toMatchObject({ answer: 'good' });
  });

  it('fails a task whose code throws, and keeps its thread', async () => {
    const { pool } = await openPool(
      { workers },
      jobOf('if (text === "n") return globalThis.n = (globalThis.n ?? 0) + 1; throw JSON.parse(text);'),
    );
    await pool.run({ text: 'n' });
    expect(await failureOf(pool.run({ text: 'null' }))).toMatchObject({
      code: 'REFOLD_UNKNOWN',
      message: 'null was thrown, which is not an Error',
    });
    expect(await failureOf(pool.run({ text: '"text"' }))).toMatchObject({ message: '"text" was thrown, which is not an Error' });
    expect(await failureOf(pool.run({ text: '{' }))).toMatchObject({
      name: 'SyntaxError',
      values: { stack: expect.stringContaining('job.mjs') },
    });
    expect(await pool.run({ text: 'n' })).toMatchObject({ answer: 2 });
  });
});

describe('a supervised thread', () => {
  it('names the key of the group in hand, control characters escaped', async () => {
    const { pool } = await openPool({ workers: 'inline', limits: { recordTimeoutMs: 100 } }, jobOf('for (;;);'));
    const short = await failureOf(pool.run({ text: '', key: 'ap\u001bple\u009b' }));
    expect(short.values.key).toBe('"ap\\u001bple\\u{9b}"');
    const long = await failureOf(pool.run({ text: '', key: 'é'.repeat(5000) }));
    expect(String(long.values.key)).toMatch(/^"é{90,}…?$/);
  });

  it('is ended when its process uses too much memory, typed arrays included', async () => {
    const body = `if (text === 'good') return process.pid; const all = []; for (;;) { all.push(new Uint8Array(8e6).fill(1)); await new Promise((resolve) => setTimeout(resolve, 2)); }`;
    const { pool } = await openPool({ workers: 1, limits: { sandboxMemoryBytes: 300 * MIB } }, jobOf(body));
    const before = await pool.run({ text: 'good' });
    const failure = await failureOf(pool.run({ text: 'bad' }));
    expect(failure).toMatchObject({ code: 'REFOLD_MEMORY_LIMIT', values: HELD });
    expect(failure.values.residentBytes).toBeLessThan(600 * MIB);
    expect(await pool.run({ text: 'good' })).not.toEqual(before); // A fresh process has its memory back.
  });

  it('is ended when the task takes too long, however busy it looks', async () => {
    const body =
      'for (let at = 0; ; at++) { control.cursor.enterRecord(at, at); if (at % 1000 === 0) await new Promise(setImmediate); }';
    const { pool } = await openPool({ workers: 'inline', limits: { taskTimeoutMs: 300, recordTimeoutMs: 50 } }, jobOf(body));
    expect(await failureOf(pool.run({ text: '' }))).toMatchObject({
      code: 'REFOLD_TASK_TIMEOUT',
      values: { taskTimeoutMs: 300 },
    });
  });

  it('is no hang while the engine works and no user code has a record in hand', async () => {
    const body = 'control.cursor.leave(); await new Promise((resolve) => setTimeout(resolve, 400)); return text;';
    const { pool } = await openPool({ workers: 'inline', limits: { recordTimeoutMs: 100 } }, jobOf(body));
    expect(await pool.run({ text: 'slow disk' })).toMatchObject({ answer: 'slow disk' });
  });

  it('serves one job only', async () => {
    const { pool } = await openPool({ workers: 1 }, jobOf('globalThis.secret = text; return text;', 'first'));
    await pool.run({ text: 's3cret' });
    pool.prepare(jobOf('return globalThis.secret ?? "nothing";', 'second'));
    expect(await pool.run({ text: '' })).toMatchObject({ answer: 'nothing' });
  });

  it('fails a task whose answer cannot be copied', async () => {
    const { pool } = await openPool({ workers: 'inline' }, jobOf('return () => 1;'));
    expect(await failureOf(pool.run({ text: '' }))).toMatchObject({ name: 'DataCloneError' });
  });
});

describe('a job file that does not load', () => {
  it.each([
    { name: 'throws', source: 'throw new RangeError("at the top");', text: 'RangeError: at the top' },
    { name: 'throws null', source: 'throw null;', text: 'null was thrown' },
    { name: 'has no default export', source: 'export const job = 1;', text: 'it has no default export' },
    {
      name: 'exports something else',
      source: 'export default { map() {} };',
      text: 'its default export is no job (it is an object)',
    },
    {
      name: 'never resolves',
      source: 'await new Promise(() => {}); export default () => {};',
      text: 'did not finish within 200 ms',
    },
    { name: 'loops for ever', source: 'for (;;); export default () => {};', text: 'did not finish within 200 ms' },
    { name: 'imports what is not there', source: 'import "./nowhere.mjs"; export default () => {};', text: 'nowhere.mjs' },
  ])('that $name fails every task and says so', async ({ source, text }) => {
    const { moduleOf } = await import('../../local/sandbox/pool-fixture.ts');
    const { pool } = await openPool({ workers: 'inline', limits: { loadTimeoutMs: 200 } }, moduleOf(source, 'broken'));
    for (let attempt = 1; attempt <= 2; attempt++) {
      const failure = await failureOf(pool.run({ text: '' }));
      expect(failure).toMatchObject({
        name: 'JobModuleError',
        code: 'REFOLD_JOB_MODULE',
        retryable: false,
        values: { file: 'broken.ts' },
      });
      expect(failure.message).toMatch(/^broken\.ts: /);
      expect(failure.message).toContain(text);
    }
  });

  it('says when it calls process.exit', async () => {
    const { moduleOf } = await import('../../local/sandbox/pool-fixture.ts');
    const { pool } = await openPool({ workers: 'inline' }, moduleOf('process.exit(4);', 'exits'));
    const failure = await failureOf(pool.run({ text: '' }));
    expect(failure.message).toContain('Your code called process.exit(4) while the job file was loaded');
  });
});

describe('many supervised threads at once', () => {
  it('are no leak to Node, and leave nothing on standard error', async () => {
    const warnings: string[] = [];
    const hear = ({ message }: Error) => warnings.push(message);
    process.on('warning', hear);
    const before = process.stderr.listenerCount('unpipe');
    const supervisors = Array.from({ length: 16 }, () => new Supervisor(DEFAULT_SANDBOX_LIMITS));
    await Promise.all(supervisors.map((supervisor) => supervisor.close()));
    await new Promise(setImmediate); // Warnings are told a tick later.
    process.off('warning', hear);
    expect(warnings).toEqual([]);
    expect(process.stderr.listenerCount('unpipe')).toBe(before);
  });
});
