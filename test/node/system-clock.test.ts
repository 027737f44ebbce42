import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../lib/node/system-clock.ts';

describe('SystemClock', () => {
  const clock = new SystemClock();

  it('tells the time of day in milliseconds', () => {
    expect(Math.abs(clock.nowMs() - Date.now())).toBeLessThan(1000);
  });

  it('sleeps as long as it is told', async () => {
    const startMs = performance.now();
    await clock.sleep(30);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(29);
  });

  it('wakes with the reason when it is aborted', async () => {
    const controller = new AbortController();
    const asleep = clock.sleep(60_000, controller.signal);
    controller.abort(new Error('cancelled'));
    await expect(asleep).rejects.toThrow('cancelled');
    await expect(clock.sleep(60_000, controller.signal)).rejects.toThrow('cancelled');
  });

  it('does not take a very long sleep for none', async () => {
    const controller = new AbortController();
    const asleep = clock.sleep(Number.MAX_SAFE_INTEGER, controller.signal).then(
      () => 'woke',
      () => 'aborted',
    );
    await clock.sleep(20);
    controller.abort();
    expect(await asleep).toBe('aborted');
  });
});
