import { DescribeExecutionCommand, SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import type { MachineInput } from '../../coordinator/machine-call.ts';
import { assert } from '../../errors.ts';
import type { AwsRequests } from '../requests/requests.ts';
import type { ExecutionState, Executions } from './executions.ts';

/** The executions of a standard state machine of Step Functions. */
export class SfnExecutions implements Executions {
  readonly #client: SFNClient;
  readonly #stateMachineArn: string;

  constructor(requests: AwsRequests, stateMachineArn: string) {
    this.#client = requests.client(SFNClient);
    this.#stateMachineArn = stateMachineArn;
  }

  async start(name: string, { jobId, run }: MachineInput): Promise<'started' | 'ended-before'> {
    // Step Functions compares the input byte for byte, so its fields have an order.
    const input = JSON.stringify({ jobId, run });
    try {
      await this.#client.send(new StartExecutionCommand({ stateMachineArn: this.#stateMachineArn, name, input }));
      return 'started';
    } catch (error) {
      if (isNamed(error, 'ExecutionAlreadyExists')) return 'ended-before';
      throw error;
    }
  }

  async describe(name: string): Promise<ExecutionState> {
    try {
      const answer = await this.#client.send(new DescribeExecutionCommand({ executionArn: this.#arnOf(name) }));
      const { status, error, cause } = answer;
      if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return { kind: 'running' };
      assert(status !== undefined, 'an execution has a status');
      return { kind: 'ended', status, ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
    } catch (error) {
      if (isNamed(error, 'ExecutionDoesNotExist')) return { kind: 'missing' };
      throw error;
    }
  }

  async stop(name: string, end: { readonly error: string; readonly cause: string }): Promise<void> {
    try {
      await this.#client.send(new StopExecutionCommand({ executionArn: this.#arnOf(name), ...end }));
    } catch (error) {
      if (!isNamed(error, 'ExecutionDoesNotExist')) throw error;
    }
  }

  #arnOf(name: string): string {
    return `${this.#stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
