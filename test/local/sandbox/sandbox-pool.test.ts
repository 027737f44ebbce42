import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { failureOf, isAlive, jobOf, openPool, waitUntil } from './pool-fixture.ts';

const SLEEP = 'if (/^\\d+$/.test(text)) await new Promise((resolve) => setTimeout(resolve, Number(text))); return process.pid;';
const OBEDIENT =
  'await new Promise((_, reject) => control.signal.addEventListener("abort", () => reject(control.signal.reason)));';

describe('a sandbox pool', () => {
  it('fails the task of a killed worker as lost, replaces the worker, and goes on', async () => {
    const { pool, events } = await openPool({ workers: 2 }, jobOf('if (text === "loop") for (;;); return text;'));
    const attempts: string[] = [];
    const onBegun = (attemptId: string, pid: number): void => {
      attempts.push(attemptId);
      process.kill(pid, 'SIGKILL');
    };
    const failure = await failureOf(pool.run({ text: 'loop' }, { onBegun }));
    expect(failure).toMatchObject({
      name: 'SandboxLostError',
      code: 'REFOLD_SANDBOX_LOST',
      retryable: true,
      values: { end: 'SIGKILL' },
    });
    expect(attempts).toHaveLength(1);
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((text) => pool.run({ text })));
    expect(answers).toMatchObject([{ answer: 'a' }, { answer: 'b' }, { answer: 'c' }, { answer: 'd' }]);
    await waitUntil(() => events.filter((event) => event.kind === 'sandbox-started').length === 3, 2000);
  });

  it('loses one task for each of several workers killed at once, and none that waits', async () => {
    const { pool } = await openPool({ workers: 3 }, jobOf('if (text === "loop") for (;;); return text;'));
    const pids: number[] = [];
    const lost = [1, 2, 3].map(() => failureOf(pool.run({ text: 'loop' }, { onBegun: (_, pid) => pids.push(pid) })));
    const waiting = Array.from({ length: 12 }, (_, at) => pool.run({ text: `${at}` }));
    await waitUntil(() => pids.length === 3, 10_000);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    expect((await Promise.all(lost)).map((failure) => failure.code)).toEqual(Array(3).fill('REFOLD_SANDBOX_LOST'));
    expect(await Promise.all(waiting)).toMatchObject(Array.from({ length: 12 }, (_, at) => ({ answer: `${at}` })));
  });

  it('survives a worker that user code kills', async () => {
    const { pool } = await openPool(
      { workers: 1 },
      jobOf('if (text === "bad") process.kill(process.pid, "SIGKILL"); return text;'),
    );
    expect(await failureOf(pool.run({ text: 'bad' }))).toMatchObject({ code: 'REFOLD_SANDBOX_LOST' });
    expect(await pool.run({ text: 'good' })).toMatchObject({ answer: 'good' });
  });

  it('runs tasks first come, first served, as many at once as it has workers', async () => {
    const begun: string[] = [];
    const { pool } = await openPool({ workers: 1 }, jobOf('return text;'));
    const texts = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(texts.map((text) => pool.run({ text }, { onBegun: () => begun.push(text) })));
    expect(begun).toEqual(texts);
    const { pool: two } = await openPool({ workers: 2 }, jobOf(OBEDIENT));
    const pids: number[] = [];
    const stop = new AbortController();
    const runs = [1, 2, 3].map(() =>
      failureOf(two.run({ text: '' }, { signal: stop.signal, onBegun: (_, pid) => pids.push(pid) })),
    );
    await waitUntil(() => pids.length === 2, 10_000);
    stop.abort();
    await Promise.all(runs);
    expect(new Set(pids).size).toBe(2);
    expect(pids).toHaveLength(2); // The third never began.
  });

  it('cancels a task that waits, one that listens, and one that does not', async () => {
    const { pool } = await openPool(
      { workers: 1 },
      jobOf(`if (text === 'listens') { ${OBEDIENT} } if (text === 'loops') for (;;); return text;`),
    );
    for (const text of ['listens', 'loops']) {
      const running = new AbortController();
      const waiting = new AbortController();
      const first = failureOf(pool.run({ text }, { signal: running.signal, onBegun: () => running.abort() }));
      const second = failureOf(pool.run({ text: 'never begins' }, { signal: waiting.signal }));
      waiting.abort();
      expect((await second).code).toBe('REFOLD_TASK_CANCELLED');
      expect((await first).code).toBe('REFOLD_TASK_CANCELLED');
    }
    expect(await pool.run({ text: 'after' })).toMatchObject({ answer: 'after' });
    expect((await failureOf(pool.run({ text: 'x' }, { signal: AbortSignal.abort() }))).code).toBe('REFOLD_TASK_CANCELLED');
  });

  it('passes progress and log lines on', async () => {
    const heard: unknown[] = [];
    const body =
      'control.onProgress({ bytes: 10, records: 1 }); control.onProgress({ bytes: 20, records: 2 }); control.onLog("line"); return text;';
    const { pool } = await openPool({ workers: 1 }, jobOf(body));
    const onBegun = (attemptId: string): void => void heard.push(attemptId.length);
    await pool.run({ text: '' }, { onBegun, onProgress: (progress) => heard.push(progress), onLog: (line) => heard.push(line) });
    expect(heard).toEqual([36, { bytes: 10, records: 1 }, 'line']);
  });

  it('grows at once and shrinks when surplus workers are free', async () => {
    const { pool, events } = await openPool({ workers: 1 }, jobOf(SLEEP));
    const first = pool.run({ text: '300' });
    pool.resize(4);
    expect(events.filter((event) => event.kind === 'sandbox-started')).toHaveLength(4);
    pool.resize(1);
    await waitUntil(() => events.filter((event) => event.kind === 'sandbox-ended').length === 3, 10_000);
    expect(await first).toBeDefined();
    expect(await pool.run({ text: 'x' })).toEqual(await first);
  });

  it('leaves no process behind when it closes, whatever runs', async () => {
    const { pool, events } = await openPool({ workers: 2 }, jobOf('for (;;);'));
    const begun: number[] = [];
    const runs = [1, 2, 3].map(() => failureOf(pool.run({ text: '' }, { onBegun: (_, pid) => begun.push(pid) })));
    await waitUntil(() => begun.length === 2, 10_000);
    await pool.close();
    expect(begun.filter(isAlive)).toEqual([]);
    expect((await Promise.all(runs)).every((failure) => failure.retryable)).toBe(true);
    expect(events.filter((event) => event.kind === 'sandbox-ended')).toHaveLength(2);
    expect((await failureOf(pool.run({ text: '' }))).code).toBe('REFOLD_TASK_CANCELLED');
  });

  it('gives up when workers die before they are ready', async () => {
    const { NODE_OPTIONS = '' } = process.env;
    process.env.NODE_OPTIONS = '--no-such-option'; // No Node starts with it.
    try {
      const { pool, events } = await openPool({ workers: 2 }, jobOf('return text;'));
      const failures = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => failureOf(pool.run({ text: '' }))));
      for (const failure of failures) expect(failure).toMatchObject({ code: 'REFOLD_SANDBOX_START', retryable: false });
      expect(events.filter((event) => event.kind === 'sandbox-started')).toHaveLength(10);
      expect((await failureOf(pool.run({ text: '' }))).code).toBe('REFOLD_SANDBOX_START');
    } finally {
      process.env.NODE_OPTIONS = NODE_OPTIONS;
    }
  });
});

describe('a killed coordinator', () => {
  it('takes its workers along within a second, endless loops and all', async () => {
    const script = fileURLToPath(new URL('./coordinator-fixture.ts', import.meta.url));
    const child = spawn(process.execPath, [script, JSON.stringify(jobOf('for (;;);', 'endless'))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const workers = (): number[] =>
      printed
        .split('\n')
        .filter((line) => /^\d+$/.test(line))
        .map(Number);
    try {
      await waitUntil(() => printed.includes('looping'), 10_000);
      child.kill('SIGKILL');
      expect(workers()).toHaveLength(2);
      await waitUntil(() => !workers().some(isAlive), 1000);
    } finally {
      for (const pid of [child.pid!, ...workers()].filter(isAlive)) process.kill(pid, 'SIGKILL');
    }
  });
});
