import { join } from 'node:path';
import { executionName } from '../../lib/aws/start/executions.ts';
import { startJob } from '../../lib/aws/start/start-job.ts';
import { GivenArguments } from '../../lib/cli/arguments/parse-arguments.ts';
import type { LogLine, StackAccess } from '../../lib/cli/stack/stack-access.ts';
import { readJobRecord } from '../../lib/coordinator/job-access.ts';
import { openLocalWorld } from '../../lib/local/world/local-world.ts';
import { runOptions } from '../aws/job-record.ts';
import { MemoryExecutions } from '../aws/memory-executions.ts';

export type FakeStack = { -readonly [Name in keyof StackAccess]: StackAccess[Name] } & {
  readonly executions: MemoryExecutions;
  readonly lines: LogLine[];
};

/**
 * A stack over the work area of a folder, in which jobs were run by this machine: the same ledger, objects and outputs as far as the
 * commands see them. Executions are started and never do anything.
 */
export function stackOver(folder: string): FakeStack {
  const world = openLocalWorld({ cwd: folder, workFolder: join(folder, '.refold') });
  const executions = new MemoryExecutions();
  const lines: LogLine[] = [];
  const side = (usd: number) => ({ usd, items: [{ item: 'Lambda', quantity: usd * 10, unit: 'GB-s', usd }] });
  return {
    stack: 'fake',
    world,
    executions,
    lines,
    prepare: () => Promise.reject(new Error('nothing is prepared here')),
    start: (prepared) => startJob({ world, executions }, prepared.record, { run: prepared.run, ended: 'take-up' }),
    resume: async (jobId, _options, overwrite) =>
      await startJob({ world, executions }, await readJobRecord(world, jobId), {
        run: { ...runOptions, overwrite },
        ended: 'take-up',
      }),
    isRunning: async ({ jobId, run }) => (await executions.describe(executionName(jobId, run))).kind === 'running',
    stopExecution: async ({ jobId, run }) => await executions.stop(executionName(jobId, run)),
    estimate: () => ({ low: side(0.5), high: side(2), notes: ['of a fake'] }),
    costOf: (tasks) => tasks.reduce((sum, { attempts }) => sum + attempts * 0.25, 0),
    async *readLogs() {
      yield* lines;
    },
  };
}

export function givenFlags(
  operands: readonly string[] = [],
  flags: Readonly<Record<string, string | readonly string[]>> = {},
): GivenArguments {
  const values = Object.entries(flags).map(([name, value]) => [name, typeof value === 'string' ? [value] : value] as const);
  return new GivenArguments(operands, new Map(values));
}
