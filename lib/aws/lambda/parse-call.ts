import type {
  CheckCall,
  CommitCall,
  MachineInput,
  MapCall,
  MarkFailedCall,
  PlanCall,
  PlanReduceCall,
  SampleCall,
  SoloCall,
  WatchCall,
} from '../../coordinator/machine-call.ts';
import { RefoldError } from '../../errors.ts';
import type { MessageBatch } from '../trigger/start-triggered.ts';

/** A function was called with something else than what the state machine, or the queue, sends it. */
export class BadEventError extends RefoldError {
  override readonly name = 'BadEventError';
  readonly code = 'REFOLD_BAD_EVENT';
  readonly retryable = false;
  readonly hint = 'Only the state machine and the queue of the same deployment call its functions: deploy them together.';
  constructor(values: { field: string; rule: string }, options?: ErrorOptions) {
    super(`The event's ${values.field} is not ${values.rule}.`, values, options);
  }
}

/** Of `map` and `reduce`. @throws BadEventError, as all of these */
export function parseTaskCall(event: unknown): MapCall {
  const fields = fieldsOf(event, 'event');
  const task = fieldsOf(fields.task, 'task');
  const row = fieldsOf(task.row, 'task.row');
  const { jobId, run } = machineInput(fields);
  return {
    jobId,
    run,
    step: count(fields.step, 'step'),
    task: {
      index: count(task.index, 'task.index'),
      row: {
        key: text(row.key, 'task.row.key'),
        byteStart: count(row.byteStart, 'task.row.byteStart'),
        byteEnd: count(row.byteEnd, 'task.row.byteEnd'),
      },
    },
  };
}

export const parsePlanCall = (event: unknown) => parseCall(event, ['plan', 'sample', 'solo']) as PlanCall;
export const parseSoloCall = (event: unknown) => parseCall(event, ['solo']) as SoloCall;
export const parseSampleCall = (event: unknown) => parseCall(event, ['sample']) as SampleCall;
export const parseCheckCall = (event: unknown) => parseCall(event, ['map', 'reduce', 'solo']) as CheckCall;
export const parsePlanReduceCall = (event: unknown) => parseCall(event, ['planReduce']) as PlanReduceCall;
export const parseCommitCall = (event: unknown) => parseCall(event, ['commit']) as CommitCall;

export function parseWatchCall(event: unknown): WatchCall {
  const call = parseCall(event, ['map', 'reduce']) as WatchCall;
  if (call.watch !== undefined) {
    const watch = fieldsOf(call.watch, 'watch');
    if (watch.next !== 'wait') throw new BadEventError({ field: 'watch.next', rule: 'wait' });
    count(watch.seconds, 'watch.seconds');
  }
  return call;
}

/** `at` is whatever the machine had reached; it may be what no function answers, which is a failure to be marked too. */
export function parseMarkFailedCall(event: unknown): MarkFailedCall {
  const fields = fieldsOf(event, 'event');
  fieldsOf(fields.at, 'at');
  const failure = fieldsOf(fields.failure, 'failure');
  text(failure.Error, 'failure.Error');
  if (failure.Cause !== undefined && typeof failure.Cause !== 'string')
    throw new BadEventError({ field: 'failure.Cause', rule: 'a text' });
  return { ...fields, ...machineInput(fields) } as MarkFailedCall;
}

/** A batch of the queue of uploads. What its messages say is for `startTriggered` to judge, one by one. */
export function parseMessageBatch(event: unknown): MessageBatch {
  const { Records } = fieldsOf(event, 'event');
  if (!Array.isArray(Records)) throw new BadEventError({ field: 'Records', rule: 'a list' });
  return {
    Records: Records.map((record: unknown, at) => {
      const { messageId, body } = fieldsOf(record, `Records[${at}]`);
      if (typeof body !== 'string') throw new BadEventError({ field: `Records[${at}].body`, rule: 'a text' });
      return { messageId: text(messageId, `Records[${at}].messageId`), body };
    }),
  };
}

/** `{ jobId, run, at }`, with `at.next` one of `nexts`. Fields beside these are kept: the machine carries them. */
function parseCall(event: unknown, nexts: readonly string[]): MachineInput & { readonly at: object } {
  const fields = fieldsOf(event, 'event');
  const at = fieldsOf(fields.at, 'at');
  if (!nexts.includes(at.next as string)) throw new BadEventError({ field: 'at.next', rule: nexts.join(' or ') });
  count(at.step, 'at.step');
  if (at.round !== undefined) count(at.round, 'at.round');
  if (at.published !== undefined) count(at.published, 'at.published');
  return { ...fields, ...machineInput(fields), at };
}

function machineInput(fields: Fields): MachineInput {
  const run = count(fields.run, 'run');
  if (run === 0) throw new BadEventError({ field: 'run', rule: 'a whole number from 1' });
  const jobId = text(fields.jobId, 'jobId');
  // It becomes part of keys.
  if (!/^[\w.-]+$/.test(jobId)) throw new BadEventError({ field: 'jobId', rule: 'the id of a job' });
  return { jobId, run };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadEventError({ field, rule: 'an object' });
  return value as Fields;
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') throw new BadEventError({ field, rule: 'a text' });
  return value;
}

function count(value: unknown, field: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new BadEventError({ field, rule: 'a whole number from 0' });
  return value as number;
}
