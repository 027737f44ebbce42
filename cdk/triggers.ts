import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type EventPattern, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { TriggerRule } from '../lib/aws/trigger/trigger-rule.ts';
import { pascal } from './functions.ts';
import type { ResolvedTrigger } from './trigger-rules.ts';
import { sendEventsOf } from './work-bucket.ts';

/** Uploads are gathered for so long, so that a folder that is uploaded starts one job and not hundreds. */
const BATCH_WINDOW = Duration.seconds(10);
/** Events of one batch: even if each starts a job of its own, some twenty requests, that is done well within the function's time. */
const BATCH_SIZE = 200;
/**
 * Deliveries of an event until it is a dead letter. A new version of an object whose job still runs is given back each time until that job
 * has ended: at half an hour from one delivery to the next these are two days, within the four that the queue keeps an event.
 */
const DELIVERIES = 100;
/** Batches at a time, so that a flood of uploads leaves the account's concurrency to the jobs that it starts. */
const BATCHES_IN_FLIGHT = 5;

/** S3's events of uploads, one rule a trigger, into one queue, which the function `start` works off. */
export class Triggers extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, triggers: readonly ResolvedTrigger[], startTimeout: Duration) {
    super(scope, 'Triggers');
    this.deadLetters = createQueue(this, 'DeadLetters', { retentionPeriod: Duration.days(14) });
    this.queue = createQueue(this, 'Uploads', {
      // Six times the function's timeout, and the window: AWS's advice for queues that Lambda polls.
      visibilityTimeout: startTimeout.plus(Duration.seconds(startTimeout.toSeconds() * 5)).plus(BATCH_WINDOW),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: DELIVERIES },
    });
    for (const { rule, bucket } of triggers) {
      sendEventsOf(bucket);
      new Rule(this, `${pascal(rule.name)}Uploads`, {
        description: `refold: uploads that start ${rule.job}`,
        eventPattern: uploadPattern(rule),
        targets: [new SqsQueue(this.queue, { deadLetterQueue: this.deadLetters })],
      });
    }
  }

  startFrom(start: IFunction): EventSourceMapping {
    return new EventSourceMapping(this, 'StartFromUploads', {
      target: start,
      eventSourceArn: this.queue.queueArn,
      batchSize: BATCH_SIZE,
      maxBatchingWindow: BATCH_WINDOW,
      maxConcurrency: BATCHES_IN_FLIGHT,
      reportBatchItemFailures: true,
    });
  }
}

export function uploadPattern({ bucket, prefix, suffix }: TriggerRule): EventPattern {
  return {
    source: ['aws.s3'],
    detailType: ['Object Created'],
    detail: { bucket: { name: [bucket] }, object: { key: [keyPattern(prefix, suffix)] } },
  };
}

/** A pattern has one condition a value, so prefix and suffix together are a wildcard. */
function keyPattern(prefix: string, suffix: string): Record<string, string> {
  if (suffix === '') return { prefix };
  if (prefix === '') return { suffix };
  return { wildcard: `${escapeWildcards(prefix)}*${escapeWildcards(suffix)}` };
}

function escapeWildcards(text: string): string {
  return text.replace(/[\\*]/g, '\\$&');
}

/** Events name objects and hold none of their data, so the queue's own encryption is enough, and EventBridge needs no key. */
export function createQueue(
  scope: Construct,
  id: string,
  options: {
    readonly retentionPeriod: Duration;
    readonly visibilityTimeout?: Duration;
    readonly deadLetterQueue?: { readonly queue: Queue; readonly maxReceiveCount: number };
  },
): Queue {
  return new Queue(scope, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    removalPolicy: RemovalPolicy.DESTROY,
    ...options,
  });
}
