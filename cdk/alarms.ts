import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IAlarmAction, type IMetric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';

/** Who is told. */
export type AlarmTargets = { readonly topic?: ITopic; readonly actions?: readonly IAlarmAction[] };

export type AlarmSources = {
  readonly machine: StateMachine;
  readonly start: LambdaFunction;
  readonly markFailed: LambdaFunction;
  readonly deadLetters: readonly Queue[];
};

const PERIOD = Duration.minutes(5);

/** What a person must look at: a failed job, and what would otherwise be lost in silence. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];

  constructor(scope: Construct, { machine, start, markFailed, deadLetters }: AlarmSources, targets: AlarmTargets) {
    super(scope, 'Alarms');
    const sum = { period: PERIOD, statistic: Stats.SUM };
    this.all = [
      this.alarm('JobFailed', machine.metricFailed(sum), 'A job failed: see refold status, and its first cause there.'),
      this.alarm('JobTimedOut', machine.metricTimedOut(sum), 'An execution timed out.'),
      this.alarm('StartFails', start.metricErrors(sum), 'The function that starts jobs fails: uploads may be waiting.'),
      this.alarm('MarkFailedFails', markFailed.metricErrors(sum), 'A failure could not be written to the ledger.'),
      ...deadLetters.map((queue, index) => {
        const waiting = queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM });
        return this.alarm(`DeadLetters${index + 1}`, waiting, `Events that were given up lie in ${queue.node.path}.`);
      }),
    ];
    const actions = [...(targets.actions ?? []), ...(targets.topic === undefined ? [] : [new SnsAction(targets.topic)])];
    for (const alarm of this.all) alarm.addAlarmAction(...actions);
  }

  private alarm(id: string, metric: IMetric, alarmDescription: string): Alarm {
    return new Alarm(this, id, {
      metric,
      alarmDescription,
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
