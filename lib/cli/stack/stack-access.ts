import type { LogEvent } from '../../aws/stack/log-events.ts';
import type { PreparedSubmission, Submission } from '../../aws/start/prepare-submission.ts';
import type { StartedJob } from '../../aws/start/start-job.ts';
import type { JobOptions } from '../../job/job-options.ts';
import type { JobItem, TaskItem } from '../../ports/task-ledger.ts';
import type { World } from '../../ports/world.ts';

/** A deployed stack as the commands use it. The real one is of `openStackAccess`; tests bring their own over memory. */
export type StackAccess = {
  readonly stack: string;
  readonly world: World;
  /** Compiles the job, lists its input and names it; changes nothing. @throws as prepareSubmission */
  readonly prepare: (submission: Submission) => Promise<PreparedSubmission>;
  /** Starts a job, or finds it running or done. Starting twice starts once. @throws as startPrepared */
  readonly start: (prepared: PreparedSubmission, jobFile: string) => Promise<StartedJob>;
  /** Starts another run of a job that has ended, or whose execution is gone. @throws as resumeJob */
  readonly resume: (jobId: string, options: JobOptions, isOverwrite: boolean) => Promise<StartedJob>;
  /** Does Step Functions work on the job's current run? */
  readonly isRunning: (job: JobItem) => Promise<boolean>;
  /** Ends the execution of the job's current run, if there is one. */
  readonly stopExecution: (job: JobItem) => Promise<void>;
  /** What a job would cost, line by line. @param splits of the first step, where they are known */
  readonly estimate: (prepared: PreparedSubmission, splits?: number) => Bill;
  /** What attempts have cost so far, those that run included. */
  readonly costOf: (tasks: readonly TaskItem[]) => number;
  /** Log lines of a job, of all functions, oldest first; when followed, new ones until the signal. */
  readonly readLogs: (query: LogQuery, signal: AbortSignal) => AsyncIterable<LogLine>;
};

/** Nobody knows what a job's code will do, so a bill is one of a light and one of a heavy job. */
export type Bill = {
  readonly low: BillSide;
  readonly high: BillSide;
  /** Such as the date of the prices: what the reader must know of the figures. */
  readonly notes: readonly string[];
};

/** The items of both sides are the same, in one order. */
export type BillSide = {
  readonly usd: number;
  readonly items: readonly { readonly item: string; readonly quantity: number; readonly unit: string; readonly usd: number }[];
};

export type LogQuery = {
  readonly jobId: string;
  /** Of the tasks whose lines are wanted, such as `map`: other functions are not asked. @default all functions */
  readonly role?: string;
  readonly sinceMs: number;
  readonly isFollowed: boolean;
};

export type LogLine = Pick<LogEvent, 'atMs' | 'message'> & {
  /** As refold calls it, such as `map`. */
  readonly functionName: string;
};
