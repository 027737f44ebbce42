import { CloudWatchLogsClient, FilterLogEventsCommand, type FilterLogEventsCommandOutput } from '@aws-sdk/client-cloudwatch-logs';
import { forEachOf } from '../requests/in-flight.ts';
import type { AwsRequests } from '../requests/requests.ts';

/** A line that a function of the stack has written. */
export type LogEvent = {
  readonly eventId: string;
  readonly atMs: number;
  readonly logGroup: string;
  readonly message: string;
};

/** Lines that hold `text`, of functions' log groups. */
export type LogSearch = {
  readonly logGroups: readonly string[];
  readonly text: string;
  readonly sinceMs: number;
};

/**
 * CloudWatch answers five such requests a second to all of an account, and cannot be asked for more (CloudWatch Logs quotas): whoever looks
 * takes two at a time, four a second.
 */
const GROUPS_AT_A_TIME = 2;
const REQUEST_GAP_MS = 250;
const FOLLOW_WAIT_MS = 10_000;
/** CloudWatch shows a line seconds after it was written, and lines of several groups out of order. */
const LATE_MS = 30_000;

/** refold's names of functions by their log groups; with `role` only of those that run its tasks: `map`, and its rungs such as `map4096`. */
export function logGroupsOf(functions: Readonly<Record<string, string>>, role?: string): ReadonlyMap<string, string> {
  const asked = Object.entries(functions).filter(([name]) => role === undefined || name.replace(/\d+$/, '') === role);
  return new Map(asked.map(([name, lambda]) => [`/aws/lambda/${lambda}`, name]));
}

/**
 * All lines found until the signal, the oldest first, from all pages of all groups. Pages may be empty, many in a row; the last one is that
 * without a token. Groups that are not there, because their function was never called, have no lines.
 */
export async function* readLogEvents(requests: AwsRequests, search: LogSearch, signal: AbortSignal): AsyncGenerator<LogEvent> {
  const pace = paceOf(requests);
  const sources = search.logGroups.map((logGroup) => eventsOfGroup(requests, logGroup, search, pace, signal));
  const heads: IteratorResult<LogEvent, void>[] = [];
  await forEachOf([...sources.keys()], GROUPS_AT_A_TIME, async (at) => {
    heads[at] = await sources[at]!.next();
  });
  for (;;) {
    let oldest = -1;
    for (const [at, head] of heads.entries()) {
      if (head.done !== true && (oldest === -1 || head.value.atMs < (heads[oldest]!.value as LogEvent).atMs)) oldest = at;
    }
    if (oldest === -1 || signal.aborted) return;
    yield heads[oldest]!.value as LogEvent;
    heads[oldest] = await sources[oldest]!.next();
  }
}

/** The same, and then each new line once, about in order, until the signal. */
export async function* followLogEvents(requests: AwsRequests, search: LogSearch, signal: AbortSignal): AsyncGenerator<LogEvent> {
  const seen = new Map<string, number>();
  let newestMs = search.sinceMs;
  while (!signal.aborted) {
    const recent = { ...search, sinceMs: Math.max(search.sinceMs, newestMs - LATE_MS) };
    for await (const event of readLogEvents(requests, recent, signal)) {
      if (seen.has(event.eventId)) continue;
      seen.set(event.eventId, event.atMs);
      newestMs = Math.max(newestMs, event.atMs);
      yield event;
    }
    for (const [eventId, atMs] of seen) if (atMs < newestMs - LATE_MS) seen.delete(eventId);
    await requests.clock.sleep(FOLLOW_WAIT_MS, signal).catch(() => {});
  }
}

/** Answers when the next request may be sent. */
type Pace = (signal: AbortSignal) => Promise<void>;

function paceOf({ clock }: AwsRequests): Pace {
  let nextMs = 0;
  return async (signal) => {
    const nowMs = clock.nowMs();
    const waitMs = Math.max(0, nextMs - nowMs);
    nextMs = nowMs + waitMs + REQUEST_GAP_MS;
    if (waitMs > 0) await clock.sleep(waitMs, signal);
  };
}

async function* eventsOfGroup(
  requests: AwsRequests,
  logGroup: string,
  { text, sinceMs }: LogSearch,
  pace: Pace,
  signal: AbortSignal,
): AsyncGenerator<LogEvent, void> {
  const client = requests.client(CloudWatchLogsClient);
  let nextToken: string | undefined;
  do {
    const command = new FilterLogEventsCommand({
      logGroupName: logGroup,
      startTime: Math.max(0, sinceMs),
      filterPattern: JSON.stringify(text),
      ...(nextToken !== undefined && { nextToken }),
    });
    let page: FilterLogEventsCommandOutput;
    try {
      await pace(signal);
      page = await client.send(command, { abortSignal: signal });
    } catch (error) {
      if (signal.aborted || isMissing(error)) return;
      throw error;
    }
    for (const { eventId = '', timestamp = 0, message = '' } of page.events ?? []) {
      if (message.includes(text)) yield { eventId, atMs: timestamp, logGroup, message };
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && error.name === 'AwsResourceMissingError';
}
