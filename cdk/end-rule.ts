import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { EventInvokeConfig, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct, type IDependable } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { createQueue } from './triggers.ts';

/** Ends of executions that no Catch sees: stopped, timed out, over a data limit. Without it such a job would look as if it still ran. */
export class EndRule extends Construct {
  readonly deadLetters: Queue;
  readonly #markFailed: IFunction;

  constructor(scope: Construct, machineArn: string, markFailed: IFunction) {
    super(scope, 'EndRule');
    this.#markFailed = markFailed;
    this.deadLetters = createQueue(this, 'DeadLetters', { retentionPeriod: Duration.days(14) });
    acknowledge(this.deadLetters, 'SQS3', 'It is itself the dead-letter queue, of a rule.');
    new Rule(this, 'ExecutionEnds', {
      description: 'refold: executions that ended without success',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        // Children of a distributed map have a machine ARN of their own, with a label behind the name.
        detail: { stateMachineArn: [machineArn], status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
      },
      targets: [
        new LambdaFunction(markFailed, { deadLetterQueue: this.deadLetters, retryAttempts: 10, maxEventAge: Duration.hours(2) }),
      ],
    });
  }

  /**
   * The rule only hands the event over: that the function then fails over it, EventBridge never hears. Lambda tries twice more, and puts
   * the event into the same dead letters.
   * @param right lets the function's role send there: Lambda asks for it when this is made
   */
  keepWhatFails(right: IDependable): void {
    const invocations = new EventInvokeConfig(this, 'Invocations', {
      function: this.#markFailed,
      onFailure: new SqsDestination(this.deadLetters),
      retryAttempts: 2,
      maxEventAge: Duration.hours(2),
    });
    invocations.node.addDependency(right);
  }
}
