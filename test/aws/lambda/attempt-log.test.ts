import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { AttemptReport } from '../../../lib/aws/lambda/attempt-log.ts';

const REPORT: AttemptReport = {
  jobId: 'count-1a',
  run: 2,
  step: 0,
  role: 'map',
  phase: 'map',
  index: 17,
  attemptId: 'a-1',
  outcome: 'done',
  ms: 1234,
  bytes: 4096,
  records: 99,
  requests: { 's3:GetObject': 3, 's3:PutObject': 1 },
};

/** What a function's log stream gets of both outputs, line by line. */
function logged(calls: string): readonly Record<string, unknown>[] {
  const module = new URL('../../../lib/aws/lambda/attempt-log.ts', import.meta.url).href;
  const source = `import { openAttemptLog } from ${JSON.stringify(module)}; const log = openAttemptLog(); const report = ${JSON.stringify(REPORT)}; ${calls}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
  return `${stdout}${stderr}`
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log of attempts', () => {
  it('is one line an attempt, which is log and metrics at once', () => {
    const lines = logged(`log.ended(report); log.ended({ ...report, role: 'reduce', outcome: 'REFOLD_TASK_TIMEOUT' });`);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({ level: 'INFO', message: 'attempt', service: 'refold', ...REPORT, attempts: 1, failures: 0 });
    expect(lines[1]).toMatchObject({ level: 'WARN', outcome: 'REFOLD_TASK_TIMEOUT', role: 'reduce', failures: 1 });
  });

  it('lets CloudWatch find every metric that it names, by role alone', () => {
    for (const line of logged(`log.ended(report); log.ended(report);`)) {
      const { CloudWatchMetrics, Timestamp } = line._aws as { CloudWatchMetrics: readonly Directive[]; Timestamp: number };
      expect(Timestamp).toBeGreaterThan(1.7e12);
      expect(CloudWatchMetrics).toHaveLength(1);
      const [directive] = CloudWatchMetrics;
      expect(directive).toMatchObject({ Namespace: 'refold', Dimensions: [['service', 'role']] });
      expect(directive!.Metrics.map(({ Name }) => Name)).toEqual(['attempts', 'failures', 'ms', 'bytes', 'records']);
      for (const { Name } of directive!.Metrics) expect(typeof line[Name]).toBe('number');
      for (const name of directive!.Dimensions[0]!) expect(typeof line[name]).toBe('string');
    }
  });

  it('keeps what user code logs on one line, with where it is from', () => {
    const lines = logged(`log.userLine(report, 'first\\nsecond');`);
    expect(lines).toMatchObject([{ level: 'INFO', message: 'first\nsecond', from: 'task.log', jobId: 'count-1a', index: 17 }]);
  });
});

type Directive = {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string }[];
};
