import type { Json } from '../../coordinator/states.ts';
import { Fields } from './fields.ts';
import type { MachineError } from './machine-error.ts';
import { parseResultPath, type ResultPlacement } from './state-flow.ts';

type Matcher = (error: string) => boolean;

export type CheckedRetrier = {
  readonly matches: Matcher;
  readonly intervalSeconds: number;
  readonly backoffRate: number;
  readonly maxDelaySeconds: number;
  readonly maxAttempts: number;
  readonly fullJitter: boolean;
};

export type CheckedCatcher = { readonly matches: Matcher; readonly place: ResultPlacement; readonly next: string };

/** `States.…` names that may be listed. The terminal ones may not: nothing catches them. */
const RESERVED = new Set([
  'States.ALL',
  'States.TaskFailed',
  'States.Timeout',
  'States.NoChoiceMatched',
  'States.IntrinsicFailure',
  'States.ResultPathMatchFailure',
  'States.ItemReaderFailed',
  'States.ExceedToleratedFailureThreshold',
]);
const SECONDS_MAX = 99_999_999;
const DELAY_SECONDS_MAX = 31_622_399;
const ATTEMPTS_MAX = 99_999_999;

/** Counts the retries of one state execution: one counter a retrier. */
export class RetryCounts {
  readonly #retriers: readonly CheckedRetrier[];
  readonly #counts: number[];

  constructor(retriers: readonly CheckedRetrier[]) {
    this.#retriers = retriers;
    this.#counts = retriers.map(() => 0);
  }

  /**
   * Milliseconds to wait before the next attempt, or undefined when there is none. The first retrier that lists the error decides
   * alone: when its retries are used up, no later one is asked.
   */
  nextDelayMs(error: string, random: () => number): number | undefined {
    const index = this.#retriers.findIndex((retrier) => retrier.matches(error));
    const retrier = this.#retriers[index];
    if (retrier === undefined) return undefined;
    const retries = this.#counts[index]!;
    if (retries >= retrier.maxAttempts) return undefined;
    this.#counts[index] = retries + 1;
    return delaySeconds(retrier, retries, random) * 1000;
  }
}

/** The wait after `retries` earlier retries: interval · rate ^ retries, capped; with full jitter uniform from 0 to that. */
export function delaySeconds(retrier: CheckedRetrier, retries: number, random: () => number): number {
  const backoff = Math.min(retrier.intervalSeconds * retrier.backoffRate ** retries, retrier.maxDelaySeconds);
  return retrier.fullJitter ? backoff * random() : backoff;
}

export function parseRetry(fields: Fields): readonly CheckedRetrier[] {
  const list = fields.optionalArray('Retry') ?? [];
  return list.map((definition, index) => {
    const retrier = new Fields(`${fields.where}.Retry[${index}]`, definition);
    const matches = parseErrorEquals(retrier, index === list.length - 1);
    const intervalSeconds = retrier.optionalNumber('IntervalSeconds', { min: 1, max: SECONDS_MAX, whole: true }) ?? 1;
    const maxDelaySeconds = retrier.optionalNumber('MaxDelaySeconds', { min: 1, max: DELAY_SECONDS_MAX, whole: true });
    if (maxDelaySeconds !== undefined && maxDelaySeconds <= intervalSeconds) {
      retrier.refuse('MaxDelaySeconds', 'not more than IntervalSeconds');
    }
    const checked: CheckedRetrier = {
      matches,
      intervalSeconds,
      backoffRate: retrier.optionalNumber('BackoffRate', { min: 1, max: SECONDS_MAX, whole: false }) ?? 2,
      maxDelaySeconds: maxDelaySeconds ?? Number.POSITIVE_INFINITY,
      maxAttempts: retrier.optionalNumber('MaxAttempts', { min: 0, max: ATTEMPTS_MAX, whole: true }) ?? 3,
      fullJitter: retrier.has('JitterStrategy') && retrier.oneOf('JitterStrategy', ['FULL', 'NONE']) === 'FULL',
    };
    retrier.end();
    return checked;
  });
}

export function parseCatch(fields: Fields): readonly CheckedCatcher[] {
  const list = fields.optionalArray('Catch') ?? [];
  return list.map((definition, index) => {
    const catcher = new Fields(`${fields.where}.Catch[${index}]`, definition);
    const matches = parseErrorEquals(catcher, index === list.length - 1);
    const checked = { matches, place: parseResultPath(catcher), next: catcher.string('Next') };
    catcher.end();
    return checked;
  });
}

/** The state's output when the catcher takes the error: neither ResultSelector nor OutputPath have a part in it. */
export function caughtOutput(catcher: CheckedCatcher, raw: Json, error: MachineError): Json {
  return catcher.place(raw, { Error: error.error, Cause: error.causeText });
}

function parseErrorEquals(fields: Fields, isLast: boolean): Matcher {
  const names = fields.optionalArray('ErrorEquals') ?? fields.refuse('ErrorEquals', 'missing');
  for (const name of names) {
    if (typeof name !== 'string') return fields.refuse('ErrorEquals', 'not a list of strings');
    if (name.startsWith('States.') && !RESERVED.has(name))
      fields.refuse('ErrorEquals', `${name} can't be caught or is not known`);
  }
  const listed = new Set(names as readonly string[]);
  if (listed.has('States.ALL')) {
    if (listed.size > 1 || !isLast) fields.refuse('ErrorEquals', 'States.ALL must stand alone, and last');
    return () => true;
  }
  // A wildcard for everything but timeouts, on AWS.
  if (listed.has('States.TaskFailed')) return (error) => error !== 'States.Timeout' || listed.has(error);
  return (error) => listed.has(error);
}
