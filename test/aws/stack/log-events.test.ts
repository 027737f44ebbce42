import { describe, expect, it } from 'vitest';
import { followLogEvents, logGroupsOf, readLogEvents } from '../../../lib/aws/stack/log-events.ts';
import { type ScriptedAnswer, scriptedAws } from '../scripted-aws.ts';

const EMPTY: ScriptedAnswer = { headers: { 'content-type': 'application/x-amz-json-1.1' }, body: '{"events":[]}' };
const LOG_GROUPS = Array.from({ length: 16 }, (_, at) => `group-${at}`);
/** What CloudWatch answers a second. */
const QUOTA = 5;

/** A stack without lines: when each request was sent, and how many were under way at most. */
function silent() {
  const sentMs: number[] = [];
  let running = 0;
  let most = 0;
  const { requests, clock } = scriptedAws(async () => {
    sentMs.push(clock.nowMs());
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running--;
    return EMPTY;
  });
  return { requests, clock, sentMs, most: () => most };
}

const FUNCTIONS = {
  map: 'f-map',
  map4096: 'f-map4',
  sample: 'f-sample',
  reduce: 'f-reduce',
  planReduce: 'f-pr',
  start: 'f-start',
};

describe('logGroupsOf', () => {
  it('names the groups of all functions, or only of those that run tasks of a role, rungs too', () => {
    const named = (role?: string) => [...logGroupsOf(FUNCTIONS, role).values()];
    expect(named()).toEqual(Object.keys(FUNCTIONS));
    expect(named('map')).toEqual(['map', 'map4096']);
    expect(named('reduce')).toEqual(['reduce']);
    expect([...logGroupsOf(FUNCTIONS, 'sample').keys()]).toEqual(['/aws/lambda/f-sample']);
  });
});

describe('reading the logs of a stack', () => {
  it('asks two groups at a time, and never more in a second than CloudWatch answers', async () => {
    const { requests, sentMs, most } = silent();
    const search = { logGroups: LOG_GROUPS, text: 'job-1', sinceMs: 0 };
    for await (const _ of readLogEvents(requests, search, new AbortController().signal)) throw new Error('a line');
    expect(sentMs).toHaveLength(LOG_GROUPS.length);
    expect(most()).toBeLessThanOrEqual(2);
    for (const [at, ms] of sentMs.slice(QUOTA).entries()) expect(ms - sentMs[at]!).toBeGreaterThanOrEqual(1_000);
  });

  it('looks again ten seconds later', async () => {
    const { requests, clock, sentMs } = silent();
    const stopping = new AbortController();
    const sleep = clock.sleep.bind(clock);
    clock.sleep = async (ms, signal) => {
      await sleep(ms, signal);
      if (clock.nowMs() > 25_000) stopping.abort();
    };
    const search = { logGroups: ['one'], text: 'job-1', sinceMs: 0 };
    for await (const _ of followLogEvents(requests, search, stopping.signal)) throw new Error('a line');
    expect(sentMs).toEqual([0, 10_000, 20_000]);
  });

  it.each([readLogEvents, followLogEvents])('ends at the signal, however many empty pages are left: %o', async (read) => {
    const stopping = new AbortController();
    const { requests, sent } = scriptedAws((_, index) => {
      if (index === 2) stopping.abort();
      return { ...EMPTY, body: '{"events":[],"nextToken":"more"}' };
    });
    const search = { logGroups: ['one'], text: 'job-1', sinceMs: 0 };
    for await (const _ of read(requests, search, stopping.signal)) throw new Error('a line');
    expect(sent).toHaveLength(3);
  });
});
