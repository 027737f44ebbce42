import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { createQueue } from './triggers.ts';

/** Ends of executions that no Catch sees: stopped, timed out, over a data limit. Without it such a job would look as if it still ran. */
export class EndRule extends Construct {
  readonly deadLetters: Queue;

  constructor(scope: Construct, machineArn: string, markFailed: IFunction) {
    super(scope, 'EndRule');
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
}
