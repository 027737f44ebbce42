import { Duration } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IMetric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Operation, type Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

export type DashboardSources = {
  readonly machine: StateMachine;
  readonly functions: Readonly<Record<string, LambdaFunction>>;
  readonly table: Table;
};

/** One page: jobs, then what runs for them, then what could hold them up. */
export function createDashboard(scope: Construct, { machine, functions, table }: DashboardSources): Dashboard {
  const period = Duration.minutes(1);
  const sum = { period, statistic: Stats.SUM };
  const each = (metric: (lambda: LambdaFunction) => IMetric) => Object.values(functions).map(metric);
  const width = 12;
  return new Dashboard(scope, 'Dashboard', {
    defaultInterval: Duration.hours(3),
    widgets: [
      [
        new GraphWidget({
          title: 'Executions',
          width,
          left: [
            machine.metricStarted({ ...sum, label: 'started' }),
            machine.metricSucceeded({ ...sum, label: 'succeeded' }),
            machine.metricFailed({ ...sum, label: 'failed' }),
            machine.metricAborted({ ...sum, label: 'stopped' }),
          ],
        }),
        new GraphWidget({
          title: 'Invocations',
          width,
          left: each((lambda) => lambda.metricInvocations({ ...sum, label: lambda.node.id })),
        }),
      ],
      [
        new GraphWidget({
          title: 'Duration, the slowest twentieth',
          width,
          left: each((lambda) => lambda.metricDuration({ period, statistic: Stats.percentile(95), label: lambda.node.id })),
        }),
        new GraphWidget({
          title: 'Errors and throttles',
          width,
          left: each((lambda) => lambda.metricErrors({ ...sum, label: `${lambda.node.id} errors` })),
          right: each((lambda) => lambda.metricThrottles({ ...sum, label: `${lambda.node.id} throttled` })),
        }),
      ],
      [
        new GraphWidget({
          title: 'Ledger: units',
          width,
          left: [table.metricConsumedWriteCapacityUnits(sum), table.metricConsumedReadCapacityUnits(sum)],
        }),
        new GraphWidget({
          title: 'Ledger: throttled',
          width,
          left: [Operation.UPDATE_ITEM, Operation.QUERY, Operation.GET_ITEM].map((operation) =>
            table.metricThrottledRequestsForOperation(operation, { ...sum, label: operation }),
          ),
        }),
      ],
    ],
  });
}
