import type { Pair } from '../../job/define-job.ts';
import { type InputLocations, type JobCall, requestOf } from '../../node/job-request.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import { regionOf } from '../requests/region-of.ts';
import { AwsRequests } from '../requests/requests.ts';
import { DEFAULT_STACK } from '../stack/default-stack.ts';
import { readDeployment } from '../stack/stack-outputs.ts';
import { SfnExecutions } from '../start/sfn-executions.ts';
import { openAwsWorld } from '../world/aws-world.ts';
import { AwsJob } from './aws-job.ts';
import { type StackClient, submitJob } from './submit-job.ts';
import { UnknownJobError } from './unknown-job-error.ts';

/** Which stack is meant. Credentials are found as the AWS tools find them. */
export type ConnectRequest = {
  /** Name of the deployed stack. @default `refold` */
  readonly stack?: string;
  /** @default as the AWS tools find it: AWS_REGION, or the profile's. */
  readonly region?: string;
};

/**
 * What a job on a stack is started with. `maxAttempts` and `taskTimeoutMs` are for the stack to say, and refused here.
 */
export type SubmitRequest = JobCall & {
  /** `s3://bucket/prefix`, an object or a glob, within the stack's inputs; or several by the names of the inputs. */
  readonly input: InputLocations;
  /** `s3://bucket/prefix`, within the stack's outputs. */
  readonly output: string;
};

/** `requests` are all that the client makes; closing them closes its sockets. */
type OpenStackClient = StackClient & { readonly requests: AwsRequests };

/**
 * Reads the stack's outputs, one request, and opens the ports to it.
 * @throws StackMissingError, StackUnusableError, CredentialsError, RegionMissingError
 */
export async function openStackClient({ stack = DEFAULT_STACK, region: given }: ConnectRequest = {}): Promise<OpenStackClient> {
  const requests = new AwsRequests(given === undefined ? {} : { region: given });
  try {
    const region = await regionOf(requests, 'cloudformation:DescribeStacks');
    const deployment = await readDeployment(requests, stack, region);
    const settings = { ...deployment.settings, region };
    const world = openAwsWorld(settings);
    const { requests: opened } = world;
    return { deployment, world, executions: new SfnExecutions(opened, deployment.stateMachineArn), requests: opened };
  } finally {
    requests.close();
  }
}

/** A stack that is open: `connect` of lib/connect.ts, loaded. */
export class StackConnection {
  readonly client: OpenStackClient;

  constructor(client: OpenStackClient) {
    this.client = client;
  }

  /** @throws what `submitJob` throws, before anything runs */
  async submit<P extends Pair = Pair>(jobFile: string | URL, request: SubmitRequest): Promise<AwsJob<P>> {
    const { record } = await submitJob(this.client, requestOf(jobFile, request));
    return new AwsJob<P>(this.client, record.jobId);
  }

  /** @throws UnknownJobError */
  async job<P extends Pair = Pair>(jobId: string): Promise<AwsJob<P>> {
    const { world, deployment } = this.client;
    if ((await world.ledger.readJob(jobId)) === undefined) throw new UnknownJobError({ jobId, stack: deployment.stack });
    return new AwsJob<P>(this.client, jobId);
  }

  /** Newest first. */
  async jobs(): Promise<readonly JobItem[]> {
    return await this.client.world.ledger.listJobs();
  }

  /** Closes the sockets. Neither this nor the handles that it gave are of use afterwards. */
  close(): void {
    this.client.requests.close();
  }
}

/** @throws what `openStackClient` throws */
export async function connect(request: ConnectRequest = {}): Promise<StackConnection> {
  return new StackConnection(await openStackClient(request));
}
