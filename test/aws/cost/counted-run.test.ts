import { describe, expect, it } from 'vitest';
import { countRequests } from '../../../lib/aws/cost/count-requests.ts';
import { countTransitions, machinePath } from '../../../lib/aws/cost/count-transitions.ts';
import { sizeSteps } from '../../../lib/aws/cost/step-size.ts';
import { HEAVY } from '../../../lib/aws/cost/workload.ts';
import { buildStateMachine } from '../../../lib/coordinator/build-state-machine.ts';
import { jobFunctions } from '../../coordinator/scripted-job.ts';
import { type CountedOptions, countedRun } from './counted-run.ts';

const small = { objects: 3, linesPerObject: 40, splitBytes: 200, reduceTasks: 4, workers: 5 };
const cases: readonly (CountedOptions & { readonly name: string })[] = [
  { name: 'one map and one reduce task', ...small, objects: 1, splitBytes: 1e6, reduceTasks: 1 },
  { name: 'a few of each', ...small },
  { name: 'groups of several tasks', ...small, objects: 30, linesPerObject: 60, splitBytes: 100, reduceTasks: 50, workers: 400 },
  { name: 'a sample first', ...small, partition: 'range' },
  { name: 'no reduce', ...small, mapOnly: true },
  { name: 'one sandbox', ...small, splitBytes: 1e6, soloBytes: 1e6 },
];

describe('an estimate', () => {
  it.each(cases)('counts what a real run comes to, with $name', async (options) => {
    const run = await countedRun(options);
    expect(run.outcome).toMatchObject({ status: 'SUCCEEDED' });
    const [input] = run.record.inputs;
    const steps = sizeSteps(
      {
        shape: run.record.shape,
        options: run.record.options,
        inputs: [{ objects: input!.objects, bytes: input!.bytes }],
        workers: options.workers,
        splits: run.plan.splits,
      },
      HEAVY,
    );
    const path = machinePath(steps);
    const machine = countTransitions(buildStateMachine(jobFunctions), path);
    expect(machine.transitions).toBe(run.transitions);
    expect(machine.invocations).toBe(run.invocations);

    const requests = countRequests(steps, path, options.workers);
    // Never less than was counted, and not much more: the start, and what Lambda's sandboxes read, is not in the count.
    const { get, put, list, ledgerWrite, ledgerRead } = run.calls;
    const most = (counted: number) => 1.6 * counted + 40;
    expect(requests.s3Get).toBeGreaterThanOrEqual(get);
    expect(requests.s3Get).toBeLessThanOrEqual(most(get));
    expect(requests.s3Put).toBeGreaterThanOrEqual(put);
    expect(requests.s3Put).toBeLessThanOrEqual(most(put));
    expect(requests.s3List).toBeGreaterThanOrEqual(list);
    expect(requests.s3List).toBeLessThanOrEqual(list + 10);
    expect(requests.ledgerWrites).toBeGreaterThanOrEqual(ledgerWrite);
    expect(requests.ledgerWrites).toBeLessThanOrEqual(most(ledgerWrite));
    expect(requests.ledgerReads).toBeGreaterThanOrEqual(ledgerRead);
  });
});
