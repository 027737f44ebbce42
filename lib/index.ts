export { collect } from './combine/collect.ts';
export type { BuiltinCombiner } from './combine/combiner.ts';
export { count } from './combine/count.ts';
export { first } from './combine/first.ts';
export { max, min } from './combine/min-max.ts';
export { sum } from './combine/sum.ts';
export { top } from './combine/top.ts';
export { type AwsJob, type Connection, type ConnectRequest, connect, type SubmitRequest } from './connect.ts';
export type { JobStatus } from './coordinator/job-status.ts';
export { RefoldError } from './errors.ts';
export {
  type CombineFunction,
  defineJob,
  type Emit,
  input,
  type Job,
  type MapFunction,
  type NamedInput,
  type PairOf,
  type Params,
  type ReduceFunction,
} from './job/define-job.ts';
export { type Identity, identity } from './job/identity.ts';
export type { ContentOptions, JobOptions, RunOptions } from './job/job-options.ts';
export { pairs } from './job/pairs.ts';
export { hash, type Partitioner, range } from './job/partitioner.ts';
export type { Counter, Position, TaskContext } from './job/task-context.ts';
export { PermanentError } from './job/user-code.ts';
export type { TaskEvent } from './local/job/local-functions.ts';
export type { Receipt } from './output/receipt.ts';
export type { SuccessFile } from './output/success-file.ts';
export type { JobItem } from './ports/task-ledger.ts';
export { csv } from './record/csv.ts';
export { type FileRecord, files } from './record/files.ts';
export { fixed } from './record/fixed.ts';
export { jsonl } from './record/jsonl.ts';
export type { Key, Stored } from './record/key.ts';
export { lines } from './record/lines.ts';
export { rawLines } from './record/raw-lines.ts';
export type { Reader } from './record/reader.ts';
export { Slice } from './record/slice.ts';
export { text } from './record/text-writer.ts';
export { tsv } from './record/tsv-writer.ts';
export type { Format, Writer } from './record/writer.ts';
export { type LocalJob, type RunRequest, run } from './run.ts';
export { type TestJobOptions, testJob } from './test-job.ts';
