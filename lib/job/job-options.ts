import { InvalidOptionError } from '../errors.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Part of the job's identity: another value may give another layout of the output, so it is another job. */
export type ContentOptions = {
  /** Input bytes one map task reads, about. @default an eighth of the input, from 8 to 64 MiB; from 4 GiB of input on more, up to 2 GiB */
  readonly splitBytes: number | 'auto';
  /** Partitions of the key space. @default from the input's bytes */
  readonly reduceTasks: number | 'auto';
  /** What an attempt's sort buffer, combine table or fetched ranges may hold. @default 256 MiB */
  readonly memoryBytes: number;
  /** What a record that user code or a reader cannot process does to the job. */
  readonly onBadRecord: 'fail';
  /** Inputs up to this size run whole in one sandbox; 0 = never. @default 8 MB locally */
  readonly soloBytes: number;
};

/** How a job is run: no effect on what comes out. */
export type RunOptions = {
  /** Sandboxes at a time. @default the number of processors */
  readonly workers: number | 'inline';
  /** Records of an asynchronous map, or groups of an asynchronous reduce, in flight at a time. @default 1 */
  readonly concurrency: number;
  /** Tries of a task whose user code fails. @default 4 */
  readonly maxAttempts: number;
  /** Longest time one record or group may take. @default 5 minutes */
  readonly recordTimeoutMs: number;
  /** Longest time one attempt may take. @default 1 hour */
  readonly taskTimeoutMs: number;
  /** The job ends as failed once its attempts have cost that many US dollars on AWS; null = no limit. Running here costs nothing. @default null */
  readonly budgetUsd: number | null;
};

/** Options may stand in the job beside `map` and `reduce`, and be overridden at the command line. */
export type JobOptions = { readonly [Name in keyof (ContentOptions & RunOptions)]?: (ContentOptions & RunOptions)[Name] };

type OptionRule = {
  readonly kind: 'bytes' | 'split' | 'count' | 'duration' | 'workers' | 'tasks' | 'choice' | 'dollars';
  readonly content: boolean;
  readonly smallest: number;
  readonly largest: number;
  readonly summary: string;
};

/** The one table of options: names, kinds and bounds. Defaults are in `resolveJobOptions`. */
export const OPTION_RULES: Readonly<Record<keyof (ContentOptions & RunOptions), OptionRule>> = {
  splitBytes: {
    kind: 'split',
    content: true,
    smallest: 1,
    largest: 64 * KIB * MIB,
    summary: 'input bytes a map task reads, or auto',
  },
  reduceTasks: { kind: 'tasks', content: true, smallest: 1, largest: 100_000, summary: 'partitions of the key space, or auto' },
  memoryBytes: {
    kind: 'bytes',
    content: true,
    smallest: 64 * KIB,
    largest: 64 * KIB * MIB,
    summary: 'memory of an attempt for sorting and merging',
  },
  onBadRecord: {
    kind: 'choice',
    content: true,
    smallest: 0,
    largest: 0,
    summary: 'fail: a bad record ends the job with its position',
  },
  soloBytes: {
    kind: 'bytes',
    content: true,
    smallest: 0,
    largest: 64 * KIB * MIB,
    summary: 'input up to this size runs in one sandbox; 0 = never',
  },
  workers: { kind: 'workers', content: false, smallest: 1, largest: 10_000, summary: 'worker processes, or inline' },
  concurrency: { kind: 'count', content: false, smallest: 1, largest: 10_000, summary: 'asynchronous records in flight' },
  maxAttempts: { kind: 'count', content: false, smallest: 1, largest: 100, summary: 'tries of a task whose user code fails' },
  recordTimeoutMs: {
    kind: 'duration',
    content: false,
    smallest: 1,
    largest: 1e10,
    summary: 'longest time for one record or group',
  },
  taskTimeoutMs: { kind: 'duration', content: false, smallest: 1, largest: 1e10, summary: 'longest time for one attempt' },
  budgetUsd: { kind: 'dollars', content: false, smallest: 0.0001, largest: 1e9, summary: 'US dollars a job may cost on AWS' },
};
export const OPTION_NAMES = Object.keys(OPTION_RULES) as readonly (keyof typeof OPTION_RULES)[];

export type ResolvedOptions = ContentOptions & RunOptions;

/**
 * The one place with defaults and checks. Options given later win: those of the job, then those of the command line.
 * @throws InvalidOptionError
 */
export function resolveJobOptions(processors: number, ...layers: readonly JobOptions[]): ResolvedOptions {
  const given: JobOptions = Object.assign({}, ...layers.map(withoutUndefined));
  for (const name of OPTION_NAMES) checkOption(name, given[name]);
  return {
    splitBytes: 'auto',
    reduceTasks: 'auto',
    memoryBytes: 256 * MIB,
    onBadRecord: 'fail',
    soloBytes: 8_000_000,
    workers: processors,
    concurrency: 1,
    maxAttempts: 4,
    recordTimeoutMs: 300_000,
    taskTimeoutMs: 3_600_000,
    budgetUsd: null,
    ...given,
  };
}

export function contentOptionsOf(options: ResolvedOptions): ContentOptions {
  const { splitBytes, reduceTasks, memoryBytes, onBadRecord, soloBytes } = options;
  return { splitBytes, reduceTasks, memoryBytes, onBadRecord, soloBytes };
}

function withoutUndefined(options: JobOptions): JobOptions {
  return Object.fromEntries(OPTION_NAMES.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]));
}

function checkOption(name: keyof typeof OPTION_RULES, value: unknown): void {
  if (value === undefined) return;
  const rule = OPTION_RULES[name];
  if (rule.kind === 'workers' && value === 'inline') return;
  if ((rule.kind === 'tasks' || rule.kind === 'split') && value === 'auto') return;
  if (rule.kind === 'dollars') {
    if (value === null || (typeof value === 'number' && value >= rule.smallest && value <= rule.largest)) return;
    throw new InvalidOptionError({
      option: name,
      value: JSON.stringify(value) ?? String(value),
      rule: `a number of US dollars from ${rule.smallest} to ${rule.largest}`,
    });
  }
  if (rule.kind === 'choice') {
    if (value !== 'fail')
      throw new InvalidOptionError({
        option: name,
        value: String(value),
        rule: '"fail"',
        hint: 'Leave the option out: a bad record fails the job with its position.',
      });
    return;
  }
  if (typeof value === 'number' && Number.isInteger(value) && value >= rule.smallest && value <= rule.largest) return;
  throw new InvalidOptionError({
    option: name,
    value: JSON.stringify(value) ?? String(value),
    rule: `a whole number from ${rule.smallest} to ${rule.largest}`,
  });
}
