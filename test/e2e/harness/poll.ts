import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until the answer is something. @throws after the time is over, with what was waited for */
export async function poll<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  { timeoutMs = 60_000, intervalMs = 100 }: { timeoutMs?: number; intervalMs?: number } = {},
): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() >= endMs) throw new Error(`Waited ${timeoutMs / 1000} s for ${what}.`);
    await sleep(intervalMs);
  }
}
