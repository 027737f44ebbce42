import type { Clock } from '../ports/clock.ts';

export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(ms, TIMER_MS_MAX),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

/** 24 days: a longer timer would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;
