import { UsageError } from '../arguments/usage-error.ts';
import { escapeControls } from '../show/show-error.ts';
import { showBytes, showCount, showDuration } from '../show/show-quantity.ts';
import type { LogLine } from './stack-access.ts';

/** What of a job's log is wanted. */
export type LogFilter = {
  readonly task: { readonly role: string; readonly index: number; readonly step: number | undefined } | undefined;
  readonly errorsOnly: boolean;
};

/** A line of the functions' structured log, as far as it is known. */
type LogFields = Readonly<Partial<Record<'level' | 'message' | 'jobId' | 'role' | 'attemptId' | 'outcome' | 'from', string>>> &
  Readonly<Partial<Record<'step' | 'index' | 'ms' | 'bytes' | 'records' | 'run', number>>>;

/** Reads `map-17`, or `2/map-17` for the second step of a chain. @throws UsageError */
export function readTask(text: string): LogFilter['task'] {
  const [, step, role, index] = /^(?:(\d+)\/)?(map|reduce|solo|sample)-(\d+)$/.exec(text) ?? [];
  if (role !== undefined && step !== '0')
    return { role, index: Number(index), step: step === undefined ? undefined : Number(step) - 1 };
  const hint = 'Write --task map-17 or --task reduce-3; in a chain --task 2/map-17 is of the second step.';
  throw new UsageError({ problem: `${text} is no task.`, hint });
}

/** The line as it is shown; undefined for one that the filter leaves out. Lines that are not JSON are shown as they are. */
export function formatLogLine({ atMs, functionName, message }: LogLine, filter: LogFilter): string | undefined {
  const fields = parseFields(message);
  if (!isWanted(fields, message, filter)) return undefined;
  const time = new Date(atMs).toISOString().slice(11, 23);
  const place = fields?.role === undefined ? functionName : `${stepOf(fields)}${fields.role}-${fields.index ?? 0}`;
  const text = fields === undefined ? message.trimEnd() : describe(fields);
  return `${time}  ${place.padEnd(12)}  ${escapeControls(text)}`;
}

function parseFields(message: string): LogFields | undefined {
  if (!message.startsWith('{')) return undefined;
  try {
    return JSON.parse(message) as LogFields;
  } catch {
    return undefined;
  }
}

function isWanted(fields: LogFields | undefined, message: string, { task, errorsOnly }: LogFilter): boolean {
  if (task !== undefined) {
    if (fields === undefined || fields.role !== task.role || fields.index !== task.index) return false;
    if (task.step !== undefined && fields.step !== task.step) return false;
  }
  if (!errorsOnly) return true;
  if (fields === undefined) return /error|timed out/i.test(message);
  return /^(?:warn|error|critical)$/i.test(fields.level ?? '') || (fields.outcome !== undefined && fields.outcome !== 'done');
}

function stepOf({ step = 0 }: LogFields): string {
  return step === 0 ? '' : `${step + 1}/`;
}

/** An attempt's one line, or what user code or a function has logged. */
function describe(fields: LogFields): string {
  const { message = '', outcome, ms = 0, bytes = 0, records = 0, attemptId = '' } = fields;
  if (outcome === undefined) return message;
  const what = outcome === 'done' ? 'done' : `failed: ${outcome}`;
  return `attempt ${attemptId.slice(0, 8)} ${what} in ${showDuration(ms)}, ${showCount(records)} records, ${showBytes(bytes)}`;
}
