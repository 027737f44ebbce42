import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AttemptReport } from '../../../lib/aws/lambda/attempt-log.ts';
import type { Deployment } from '../../../lib/aws/stack/stack-outputs.ts';
import { prepareSubmission } from '../../../lib/aws/start/prepare-submission.ts';
import type { AwsSettings } from '../../../lib/aws/world/aws-settings.ts';
import { openAwsWorld } from '../../../lib/aws/world/aws-world.ts';
import { buildStateMachine, type FunctionArns } from '../../../lib/coordinator/build-state-machine.ts';
import { openJob } from '../../../lib/coordinator/open-job.ts';
import type { JobOptions } from '../../../lib/job/job-options.ts';
import { runMachine } from '../../../lib/local/interpreter/run-machine.ts';
import { deployedCodeFile } from '../../../lib/node/bundle/deployed-jobs.ts';
import { encodeJson } from '../../../lib/work/json-object.ts';
import { runKey } from '../../../lib/work/work-layout.ts';
import { buildFunctions } from '../../../scripts/build-functions.ts';
import { makeLedgerTable, type TestTable } from '../contract/ledger-table.ts';
import { testBucket } from '../contract/s3-place.ts';
import { FunctionProcesses } from './function-processes.ts';

const FILES: FunctionArns = {
  plan: 'plan',
  solo: 'solo',
  sample: 'sample',
  map: 'map',
  planReduce: 'plan-reduce',
  reduce: 'reduce',
  check: 'check',
  commit: 'commit',
  markFailed: 'mark-failed',
};
const TEXT = Array.from({ length: 500 }, (_, at) => `the ${['apple', 'pear', 'plum'][at % 3]} is n${at % 7}\n`).join('');

/** As they are deployed: built and bundled, each in its own process, over S3 and DynamoDB; only the state machine runs here. */
describe('the built functions', () => {
  const { bucket, requests } = testBucket();
  const folder = mkdtempSync(join(tmpdir(), 'refold-functions-'));
  let table: TestTable;
  let functions: FunctionProcesses;
  let settings: AwsSettings;

  beforeAll(async () => {
    table = await makeLedgerTable();
    settings = { workBucket: bucket, workPrefix: 'work/', tableName: table.name };
    await buildFunctions(folder);
    mkdirSync(join(folder, 'jobs'));
    functions = new FunctionProcesses(folder, {
      REFOLD_WORK_BUCKET: bucket,
      REFOLD_WORK_PREFIX: 'work/',
      REFOLD_TABLE: table.name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
    });
    for (const name of ['a', 'b', 'c'])
      await requests.client(S3Client).send(new PutObjectCommand({ Bucket: bucket, Key: `in/${name}.txt`, Body: TEXT }));
  });
  afterAll(async () => {
    await functions.close();
    await table.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function submit(options: JobOptions, output: string, isDeployed = true) {
    const world = openAwsWorld(settings);
    const deployment: Deployment = {
      stack: 'none',
      settings,
      stateMachineArn: 'none',
      functions: {},
      inputs: [`s3://${bucket}/in/`],
      outputs: [`s3://${bucket}/`],
      jobs: [],
      allowsPublishedCode: false,
      facts: { memory: {} },
    };
    const { record, bundle, run } = await prepareSubmission(deployment, world, {
      jobFile: resolve('examples/word-count.ts'),
      inputs: { '': `s3://${bucket}/in/` },
      output: `s3://${bucket}/${output}`,
      options,
      workFolder: join(folder, 'build'),
    });
    if (isDeployed) copyFileSync(bundle.path, join(folder, deployedCodeFile(bundle.sha256)));
    else rmSync(join(folder, deployedCodeFile(bundle.sha256)), { force: true });
    const { jobId } = record;
    await openJob(world, record, false);
    await world.ledger.startRun(jobId, 1, `${jobId}-1`);
    await world.work.put(runKey(jobId, 1), encodeJson({ ...run, format: 1, run: 1 }));
    const outcome = await runMachine(
      buildStateMachine(FILES, { watch: 'watch', maxAttempts: 2 }),
      { jobId, run: 1 },
      {
        invoke: (file, event) => functions.invoke(file, event),
        readJsonArray: async function* (_, key) {
          yield* JSON.parse(Buffer.from(await world.work.read(key.slice('work/'.length))).toString()) as unknown[];
        },
        clock: world.clock,
        random: Math.random,
        executionName: `${jobId}-1`,
      },
    );
    const store = world.openOutput(record.output, jobId);
    let text = '';
    for (const { name } of await store.listParts())
      for await (const bytes of store.readPart(name)) text += Buffer.from(bytes).toString();
    return {
      outcome,
      jobId,
      lines: text
        .split('\n')
        .filter((line) => line !== '')
        .sort(),
    };
  }

  const attemptsOf = (jobId: string): readonly AttemptReport[] =>
    functions.log
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes(jobId) && line.includes('"message":"attempt"'))
      .map((line) => JSON.parse(line) as AttemptReport);

  it('run a job in phases and whole with the same content, and say what each attempt asked of AWS', async () => {
    const phases = await submit({ soloBytes: 0, splitBytes: 5_000, reduceTasks: 2, workers: 1, budgetUsd: 1 }, 'phases');
    expect(phases.outcome).toMatchObject({ status: 'SUCCEEDED' });
    const solo = await submit({ splitBytes: 5_000, reduceTasks: 2 }, 'solo');
    expect(solo.outcome).toMatchObject({ status: 'SUCCEEDED' });
    expect(phases.lines).toContain('the\t1500');
    expect(solo.lines).toEqual(phases.lines);
    const maps = attemptsOf(phases.jobId).filter(({ role }) => role === 'map');
    expect(maps.length).toBeGreaterThan(3);
    for (const { outcome, requests, records } of maps) {
      expect(outcome).toBe('done');
      expect(records).toBeGreaterThan(0);
      expect(requests).toMatchObject({ 's3:PutObject': 1 });
    }
  });

  it('leave the memory of a function to its task', () => {
    for (const role of ['map', 'reduce']) expect(functions.residentBytes.get(role)! / 2 ** 20, role).toBeLessThan(170);
  });

  it('say by one clear error that code is not deployed', async () => {
    const { outcome } = await submit({ soloBytes: 0, reduceTasks: 3 }, 'not-deployed', false);
    expect(outcome).toMatchObject({
      status: 'FAILED',
      error: 'CodeNotDeployedError',
      cause: expect.stringContaining('is not deployed with this stack'),
    });
  });
});
