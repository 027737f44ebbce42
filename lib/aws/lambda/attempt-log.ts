import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Phase } from '../../ports/task-ledger.ts';

/** What an attempt is one of. No data, no keys of records. */
export type AttemptTask = {
  readonly jobId: string;
  readonly run: number;
  readonly step: number;
  readonly role: 'map' | 'reduce' | 'solo' | 'sample';
  readonly phase: Phase;
  readonly index: number;
};

export type AttemptReport = AttemptTask & {
  readonly attemptId: string;
  /** `done`, or the code of the failure. */
  readonly outcome: string;
  readonly ms: number;
  readonly bytes: number;
  readonly records: number;
  /** AWS requests by operation. */
  readonly requests: Readonly<Record<string, number>>;
};

/** What a sandbox says of its attempts. */
export type AttemptLog = {
  ended(report: AttemptReport): void;
  /** What user code logs: capped by the engine. */
  userLine(attempted: AttemptTask & { readonly attemptId: string }, line: string): void;
};

/**
 * One line of JSON an attempt, which is log and metrics at once: lines are paid for by their bytes. Metrics are in the embedded format,
 * by role alone.
 */
export function openAttemptLog(): AttemptLog {
  const logger = new Logger({ serviceName: SERVICE });
  const metrics = new Metrics({ namespace: SERVICE, serviceName: SERVICE });
  return {
    ended(report) {
      const isDone = report.outcome === 'done';
      metrics.addDimension('role', report.role);
      metrics.addMetric('attempts', MetricUnit.Count, 1);
      metrics.addMetric('failures', MetricUnit.Count, isDone ? 0 : 1);
      metrics.addMetric('ms', MetricUnit.Milliseconds, report.ms);
      metrics.addMetric('bytes', MetricUnit.Bytes, report.bytes);
      metrics.addMetric('records', MetricUnit.Count, report.records);
      const { service: _, ...embedded } = metrics.serializeMetrics(); // The logger writes `service` itself.
      metrics.clearMetrics();
      metrics.clearDimensions();
      logger[isDone ? 'info' : 'warn']('attempt', { ...report, ...embedded });
    },
    userLine(attempted, line) {
      logger.info(line, { ...attempted, from: 'task.log' });
    },
  };
}

const SERVICE = 'refold';
