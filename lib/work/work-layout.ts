/** The only file that knows where things lie in the work area (docs/formats.md). Keys are relative to its root. */
const pad = (index: number) => String(index).padStart(6, '0');

/** Top folders of the work area: all keys begin with one of them. */
export const WORK_FOLDERS: readonly string[] = ['jobs/', 'code/', 'triggers/'];

export const jobPrefix = (jobId: string) => `jobs/${jobId}/`;
export const jobKey = (jobId: string) => `jobs/${jobId}/job.json`;
/** What one run of a job was started with, on AWS. */
export const runKey = (jobId: string, run: number) => `jobs/${jobId}/run-${run}.json`;
export const receiptKey = (jobId: string) => `jobs/${jobId}/receipt.json`;
/** Its presence says that what lies at the output is the job's. */
export const claimKey = (jobId: string) => `jobs/${jobId}/output-claim`;
export const stepPlanKey = (jobId: string, step: number) => `jobs/${jobId}/${step}/plan.json`;
export const boundariesKey = (jobId: string, step: number) => `jobs/${jobId}/${step}/boundaries.json`;
export const groupsKey = (jobId: string, step: number) => `jobs/${jobId}/${step}/reduce-groups.jsonl`;
export const splitsKey = (jobId: string, step: number, chunk: number) => `jobs/${jobId}/${step}/splits/${pad(chunk)}.jsonl`;
export const mapTasksKey = (jobId: string, step: number, run: number, round: number) =>
  `jobs/${jobId}/${step}/map-tasks-${run}-${round}.json`;
export const reduceTasksKey = (jobId: string, step: number, run: number, round: number) =>
  `jobs/${jobId}/${step}/reduce-tasks-${run}-${round}.json`;
/** Below it lie the segments of a step, and the attempt files of a step without reduce. */
export const segmentsPrefix = (jobId: string, step: number) => `jobs/${jobId}/${step}/map/`;
export const segmentKey = (jobId: string, step: number, mapIndex: number, attemptId: string) =>
  `jobs/${jobId}/${step}/map/${pad(mapIndex)}/${attemptId}.seg`;
export const mapAttemptKey = (jobId: string, step: number, mapIndex: number, attemptId: string) =>
  `jobs/${jobId}/${step}/map/${pad(mapIndex)}/${attemptId}.json`;
export const reduceAttemptKey = (jobId: string, step: number, index: number, attemptId: string) =>
  `jobs/${jobId}/${step}/reduce/${pad(index)}/${attemptId}.json`;
export const pairsKey = (jobId: string, step: number, index: number, attemptId: string) =>
  `jobs/${jobId}/${step}/reduce/${pad(index)}/${attemptId}.pairs`;
export const indexChunkKey = (jobId: string, step: number, generation: number, chunk: number, fingerprint: string) =>
  `jobs/${jobId}/${step}/shuffle-${generation}/${pad(chunk)}-${fingerprint}.idx`;
export const shuffleKey = (jobId: string, step: number, generation: number) =>
  `jobs/${jobId}/${step}/shuffle-${generation}/index.json`;
/** What uploads a batch of a trigger was offered; which batch an upload belongs to; what a batch starts. See lib/aws/trigger/trigger-batch.ts. */
export const triggerBatchKey = (rule: string, batchId: string) => `triggers/${rule}/batches/${batchId}.json`;
export const triggerClaimKey = (rule: string, uploadId: string) => `triggers/${rule}/claims/${uploadId}.json`;
export const triggerStartKey = (rule: string, startId: string) => `triggers/${rule}/starts/${startId}.json`;
export const codeKey = (sha256: string) => `code/${sha256}.mjs`;
/** Where a job without --output leaves its parts, for standard output. A path below the work area's root. */
export const stdoutPath = (jobId: string) => `jobs/${jobId}/stdout`;
/** Its presence says that the step outgrew one sandbox. */
export const soloRefusedKey = (jobId: string, step: number) => `jobs/${jobId}/${step}/solo-refused`;
