import { describe, expect, it } from 'vitest';
import { sumUsd } from '../../../lib/aws/cost/cost-item.ts';
import { priceUsage } from '../../../lib/aws/cost/price-usage.ts';
import { PRICES } from '../../../lib/aws/cost/prices.ts';

const perGbSecond = PRICES.lambdaGbSecond.usd;
const finished = (attempts: number, finishedMbMs: number) => ({ attempts, usage: { finishedMbMs, running: [] } });
const running = (...running: { beganAtMs: number; sandboxMemoryMb: number }[]) => ({
  attempts: running.length,
  usage: { finishedMbMs: 0, running },
});
const compute = (cost: ReturnType<typeof priceUsage>) =>
  cost.items.filter(({ unit }) => unit === PRICES.lambdaGbSecond.unit).reduce((sum, { usd }) => sum + usd, 0);

describe('priceUsage', () => {
  it('is nothing for a job that has not begun', () => {
    expect(priceUsage([], 1_000)).toEqual({ items: [], usd: 0 });
  });

  it('prices what attempts have used: memory times time', () => {
    expect(compute(priceUsage([finished(1, 2_048 * 5_000), finished(1, 1_024 * 1_000)], 0))).toBeCloseTo(11 * perGbSecond, 12);
  });

  it('prices running attempts until now', () => {
    const tasks = [running({ beganAtMs: 1_000, sandboxMemoryMb: 1_024 }, { beganAtMs: 9_000, sandboxMemoryMb: 2_048 })];
    expect(compute(priceUsage(tasks, 10_000))).toBeCloseTo((9 + 2) * perGbSecond, 12);
  });

  it('takes a clock that is behind for no time, and a killed attempt for no more than a sandbox lives', () => {
    const task = running({ beganAtMs: 1_000, sandboxMemoryMb: 1_024 });
    expect(compute(priceUsage([task], 0))).toBe(0);
    expect(compute(priceUsage([task], 1e12))).toBeCloseTo(900 * perGbSecond, 12);
  });

  it('adds what every attempt brings with it, and requests that are known', () => {
    const cost = priceUsage([finished(1_000, 0)], 0, { s3Get: 10_000, s3Put: 1_000, transitions: 1_100 });
    const of = (item: string) => cost.items.find((candidate) => candidate.item === item)?.usd;
    expect(of('Lambda requests')).toBeCloseTo(0.0002, 12);
    expect(of('Step Functions')).toBeCloseTo(0.0275, 12);
    expect(of('S3 GET, HEAD')).toBeCloseTo(0.004, 12);
    expect(of('S3 PUT, POST')).toBeCloseTo(0.005, 12);
    expect(of('DynamoDB writes')).toBeCloseTo(0.001875, 12);
    expect(cost.usd).toBeCloseTo(sumUsd(cost.items), 12);
  });
});
