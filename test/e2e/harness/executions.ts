import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  type ExecutionListItem,
  ListExecutionsCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { AwsClients } from './aws-clients.ts';
import { poll } from './poll.ts';

/** What a test asks Step Functions about the coordinator. */
export class Executions {
  readonly #sfn: AwsClients['sfn'];
  readonly #machineArn: string;

  constructor({ sfn }: AwsClients, machineArn: string) {
    this.#sfn = sfn;
    this.#machineArn = machineArn;
  }

  arnOf(name: string): string {
    return `${this.#machineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  }

  /** All executions, or those of a job, oldest first. */
  async list(jobId?: string): Promise<readonly ExecutionListItem[]> {
    const found: ExecutionListItem[] = [];
    let nextToken: string | undefined;
    do {
      const page = await this.#sfn.send(new ListExecutionsCommand({ stateMachineArn: this.#machineArn, nextToken }));
      found.push(...(page.executions ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    const ours = jobId === undefined ? found : found.filter((each) => each.name?.startsWith(`${jobId}-`));
    return ours.toSorted((a, b) => Number(a.startDate) - Number(b.startDate));
  }

  /** LocalStack answers with an error of its own, InternalError, while an execution begins; AWS does not. */
  async stop(name: string): Promise<DescribeExecutionOutput> {
    await poll(`${name} to be stopped`, async () => {
      const stop = new StopExecutionCommand({ executionArn: this.arnOf(name), error: 'Stopped', cause: 'by a test' });
      return await this.#sfn.send(stop).catch((error: Error) => {
        if (error.name !== 'InternalError') throw error;
      });
    });
    return await this.ended(name);
  }

  /** Waits for the end, whichever it is. */
  ended(name: string, timeoutMs = 120_000): Promise<DescribeExecutionOutput> {
    return poll(
      `the end of ${name}`,
      async () => {
        const execution = await this.#sfn.send(new DescribeExecutionCommand({ executionArn: this.arnOf(name) }));
        return execution.status === 'RUNNING' ? undefined : execution;
      },
      { timeoutMs },
    );
  }
}
