import { describe, expect, it } from 'vitest';
import { Hedge } from '../../../lib/aws/requests/hedge.ts';
import type { Clock } from '../../../lib/ports/clock.ts';

/** Time stands still until `advance`. */
class HandClock implements Clock {
  #nowMs = 0;
  #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.push({ atMs: this.#nowMs + ms, wake: resolve });
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  }

  async advance(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const sleeper of this.#sleepers.filter(({ atMs }) => atMs <= this.#nowMs)) sleeper.wake();
    await settled();
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

type Asked = { readonly which: string; readonly signal: AbortSignal; answer(text: string): void; fail(error: Error): void };

/** A hedge that has seen `count` requests of `eachMs`. */
async function hedgeAfter(count: number, eachMs: number): Promise<{ hedge: Hedge; clock: HandClock }> {
  const clock = new HandClock();
  const hedge = new Hedge({ clock, leastMs: 50 });
  for (let at = 0; at < count; at++) await hedge.run(() => clock.advance(eachMs));
  return { hedge, clock };
}

function ask(hedge: Hedge): { readonly asked: Asked[]; readonly answer: Promise<string> } {
  const asked: Asked[] = [];
  const answer = hedge.run(
    (signal, which) => new Promise<string>((resolve, reject) => asked.push({ which, signal, answer: resolve, fail: reject })),
  );
  answer.catch(() => undefined);
  return { asked, answer };
}

describe('Hedge', () => {
  it('does not take a busy thread for a slow request', async () => {
    const { hedge, clock } = await hedgeAfter(30, 100);
    const { asked, answer } = ask(hedge);
    await clock.advance(1_000);
    expect(asked).toHaveLength(1);
    await clock.advance(100);
    expect(asked).toHaveLength(2);
    asked[0]?.answer('from the first');
    expect(await answer).toBe('from the first');
  });

  it('asks a second time for what takes longer than most, and takes the answer that comes first', async () => {
    const { hedge, clock } = await hedgeAfter(30, 100);
    const { asked, answer } = ask(hedge);
    await clock.advance(99);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    expect(asked.map(({ which }) => which)).toEqual(['first', 'second']);
    asked[1]?.answer('from the second');
    expect(await answer).toBe('from the second');
    expect(asked[0]?.signal.aborted).toBe(true);
  });

  it('aborts the second when the first answers after all', async () => {
    const { hedge, clock } = await hedgeAfter(30, 100);
    const { asked, answer } = ask(hedge);
    await clock.advance(100);
    asked[0]?.answer('from the first');
    expect(await answer).toBe('from the first');
    expect(asked[1]?.signal.aborted).toBe(true);
  });

  it('asks once while it knows little of how long requests take', async () => {
    const { hedge, clock } = await hedgeAfter(5, 100);
    const { asked, answer } = ask(hedge);
    await clock.advance(10_000);
    expect(asked).toHaveLength(1);
    asked[0]?.answer('late');
    expect(await answer).toBe('late');
  });

  it('leaves the fast ones alone, however fast the others were', async () => {
    const { hedge, clock } = await hedgeAfter(30, 1);
    const { asked } = ask(hedge);
    await clock.advance(49);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    expect(asked).toHaveLength(2);
  });

  it('fails with the first error when both fail, and takes one answer of two', async () => {
    const { hedge, clock } = await hedgeAfter(30, 100);
    const both = ask(hedge);
    await clock.advance(100);
    both.asked[1]?.fail(new Error('second'));
    both.asked[0]?.fail(new Error('first'));
    await expect(both.answer).rejects.toThrow('first');
    const one = ask(hedge);
    await clock.advance(100);
    one.asked[0]?.fail(new Error('first'));
    one.asked[1]?.answer('still here');
    expect(await one.answer).toBe('still here');
  });

  it('does not ask twice for everything when everything is slow', async () => {
    const { hedge, clock } = await hedgeAfter(30, 100);
    const all = Array.from({ length: 40 }, () => ask(hedge));
    await clock.advance(1_000);
    expect(all.filter(({ asked }) => asked.length === 2).length).toBeLessThanOrEqual(14);
    for (const { asked } of all) asked[0]?.answer('done');
    await Promise.all(all.map(({ answer }) => answer));
  });

  it('aborts the request with the caller', async () => {
    const { hedge } = await hedgeAfter(0, 0);
    const stop = new AbortController();
    const seen: AbortSignal[] = [];
    const answer = hedge.run((signal) => {
      seen.push(signal);
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }, stop.signal);
    stop.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    expect(seen[0]?.aborted).toBe(true);
  });
});
