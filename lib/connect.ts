import type { AwsJob } from './aws/connect/aws-job.ts';
import type { ConnectRequest, StackConnection, SubmitRequest } from './aws/connect/connect.ts';
import type { Job, PairOf } from './job/define-job.ts';
import type { JobItem } from './ports/task-ledger.ts';

/** A deployed stack, to start jobs on and to look after them. Its outputs are read when it is first asked for something. */
export type Connection = {
  /**
   * Starts the job of a module on the stack and answers its handle. The same job submitted twice is one job, and runs once; one that
   * failed or was cancelled goes on from its finished tasks; one that is done answers its stored result.
   * @throws before anything runs: StackMissingError, JobModuleError, CodeNotDeployedError, InputMissingError, InvalidOptionError,
   * LocationNotAllowedError, OutputOverlapError, OutputOccupiedError, OutputLeasedError
   */
  submit<J extends Job = Job>(jobFile: string | URL, request: SubmitRequest): Promise<AwsJob<PairOf<J>>>;
  /** The handle of a job that was submitted before, by anybody or by a trigger. @throws UnknownJobError */
  job<J extends Job = Job>(jobId: string): Promise<AwsJob<PairOf<J>>>;
  /** Every job that the ledger knows, newest first. */
  jobs(): Promise<readonly JobItem[]>;
  /**
   * Closes the AWS clients and their sockets, which otherwise stay open for a while after the last request. Jobs run on. To be called when
   * all that was asked is answered: handles that were given are of no use afterwards; `submit`, `job` and `jobs` connect anew.
   */
  close(): Promise<void>;
};

/**
 * Connects to a stack that `refold deploy` or the MapReduce construct has deployed:
 * `const job = await connect({ stack: 'refold' }).submit('./word-count.ts', { input: 's3://logs/raw', output: 's3://results/counts' })`.
 * Asks nothing yet, and loads the AWS clients only when it does.
 */
export function connect(request: ConnectRequest = {}): Connection {
  let opening: Promise<StackConnection> | undefined;
  // A stack that could not be reached is looked for again by the next call.
  const opened = (): Promise<StackConnection> =>
    (opening ??= import('./aws/connect/connect.ts')
      .then((aws) => aws.connect(request))
      .catch((error: unknown) => {
        opening = undefined;
        throw error;
      }));
  return {
    submit: async <J extends Job>(jobFile: string | URL, submission: SubmitRequest) =>
      await (await opened()).submit<PairOf<J>>(jobFile, submission),
    job: async <J extends Job>(jobId: string) => await (await opened()).job<PairOf<J>>(jobId),
    jobs: async () => await (await opened()).jobs(),
    async close() {
      const closing = opening;
      opening = undefined;
      // One that could not be opened has closed its own, and whoever asked for it was told.
      const connection = await closing?.catch(() => undefined);
      connection?.close();
    },
  };
}

export type { AwsJob, ConnectRequest, SubmitRequest };
