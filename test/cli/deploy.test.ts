import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readAppSettings } from '../../cdk/app-settings.ts';
import { bucketsOf, type DeploySettings, readDeploySettings } from '../../lib/cli/arguments/deploy-settings.ts';
import { parseArguments } from '../../lib/cli/arguments/parse-arguments.ts';
import { readTrigger } from '../../lib/cli/arguments/trigger-flag.ts';
import {
  checkJobs,
  command,
  type DeployTarget,
  deployArguments,
  describeDeployment,
  explainFailure,
} from '../../lib/cli/commands/deploy.ts';
import { describeDeletion } from '../../lib/cli/commands/destroy.ts';
import { exitCodeOf } from '../../lib/cli/show/exit-code.ts';
import { adviseOnBuckets, type BucketQuestions } from '../../lib/cli/stack/bucket-advice.ts';
import { findCdkTools } from '../../lib/cli/stack/cdk-tools.ts';
import { temporaryFolder } from '../local/temporary-folder.ts';

const PLACES = ['--input', 's3://logs-bucket/raw', '--output', 's3://results-bucket/counts'];

function project(...files: readonly string[]): string {
  const folder = realpathSync(temporaryFolder());
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '{}');
  }
  return folder;
}

async function settingsOf(cwd: string, ...args: readonly string[]): Promise<DeploySettings> {
  return readDeploySettings(await parseArguments(command, args), cwd);
}

describe('what deploy is given', () => {
  it('is jobs by the names of their files, places, triggers and the stack', async () => {
    const cwd = project('word-count.ts', 'jobs/top.ts');
    const trigger = 'job=top,input=s3://logs-bucket/raw/new/,output=s3://results-bucket/counts/{name},suffix=.gz';
    const settings = await settingsOf(
      cwd,
      'word-count.ts',
      'jobs/top.ts',
      ...PLACES,
      '--input',
      'uploads/',
      '--trigger',
      trigger,
    );
    expect(settings).toEqual({
      stack: 'refold',
      jobs: { 'word-count': join(cwd, 'word-count.ts'), top: join(cwd, 'jobs/top.ts') },
      inputs: ['s3://logs-bucket/raw', 'uploads/'],
      outputs: ['s3://results-bucket/counts'],
      triggers: [
        { job: 'top', bucket: 'logs-bucket', prefix: 'raw/new/', suffix: '.gz', output: 's3://results-bucket/counts/{name}' },
      ],
      publishCode: false,
      memory: {},
      kmsKeyArns: [],
    });
    expect(bucketsOf(settings)).toEqual(['logs-bucket', 'results-bucket']);
    expect(describeDeployment(settings, 'eu-west-1')).toBe(
      [
        'stack     refold in eu-west-1',
        'job       word-count',
        'job       top',
        'reads     s3://logs-bucket/raw',
        'reads     uploads/',
        'writes    s3://results-bucket/counts',
        'trigger   s3://logs-bucket/raw/new/*.gz starts top, which writes s3://results-bucket/counts/{name}',
        '',
      ].join('\n'),
    );
  });

  it.each([
    { name: 'no job', args: PLACES, problem: 'There is no job to deploy.' },
    { name: 'a job that is not there', args: ['gone.ts', ...PLACES], problem: 'gone.ts is no file.' },
    { name: 'two jobs of one name', args: ['a.ts', 'b/a.ts', ...PLACES], problem: 'Two jobs are called a.' },
    { name: 'no input', args: ['a.ts', '--output', 's3://results-bucket'], problem: 'deploy needs --input.' },
    { name: 'no output', args: ['a.ts', '--input', 's3://logs-bucket'], problem: 'deploy needs --output.' },
    {
      name: 'a bucket that no bucket is called',
      args: ['a.ts', '--input', 's3://Logs', '--output', 's3://results-bucket'],
      problem: '--input s3://Logs is no location on S3.',
    },
    {
      name: 'a stack that no stack is called',
      args: ['a.ts', ...PLACES, '--stack', '1 x'],
      problem: '"1 x" is no name of a stack.',
    },
    {
      name: 'a trigger of another job',
      args: ['a.ts', ...PLACES, '--trigger', 'job=b,input=in/,output=out/'],
      problem: '--trigger names the job b, which is not deployed.',
    },
    {
      name: 'a size that no function has',
      args: ['a.ts', ...PLACES, '--max-memory', '20000'],
      problem: '--max-memory 20000 is no',
    },
    { name: 'a size for no task', args: ['a.ts', ...PLACES, '--max-memory', '128'], problem: '--max-memory 128 is no' },
    {
      name: 'the alias of a key',
      args: ['a.ts', ...PLACES, '--kms-key', 'alias/data'],
      problem: '--kms-key alias/data is no ARN',
    },
  ])('is refused for $name', async ({ args, problem }) => {
    const cwd = project('a.ts', 'b/a.ts');
    await expect(settingsOf(cwd, ...args)).rejects.toThrow(problem);
  });

  it.each(['word-count', 'job=a,input=in/', 'job=a,input=in/,output=o/,color=red', 'job=a,job=b,input=i/,output=o/'])(
    'is refused for the trigger %s, with how to write one',
    (text) => {
      expect(() => readTrigger(text)).toThrow(
        expect.objectContaining({ hint: expect.stringContaining('--trigger job=NAME,input=') }),
      );
    },
  );

  it('reaches the app as it was given', async () => {
    const cwd = project('word-count.ts');
    const settings = await settingsOf(
      cwd,
      'word-count.ts',
      ...PLACES,
      ...['--trigger', 'job=word-count,input=in/,output=out/{name}', '--publish-code', '--stack', 'mine'],
      ...['--max-memory', '3008', '--kms-key', 'arn:aws:kms:us-east-1:123456789012:key/a-1'],
    );
    const args = deployArguments(settings, { cli: 'cdk.js', app: 'node app.js' }, '/tmp/x', true);
    expect(args.slice(0, 4)).toEqual(['deploy', 'mine', '--app', 'node app.js']);
    expect(args[args.indexOf('--require-approval') + 1]).toBe('never');
    const context = new Map(
      args.flatMap((arg, at) => (args[at - 1] === '--context' ? [arg.split(/=(.*)/s).slice(0, 2) as [string, string]] : [])),
    );
    expect(settings).toMatchObject({ memory: { max: 3008 }, kmsKeyArns: ['arn:aws:kms:us-east-1:123456789012:key/a-1'] });
    expect(readAppSettings((key) => context.get(key))).toEqual({
      ...settings,
      recordCalls: false,
      removal: 'retain',
    });
    const asking = deployArguments(settings, { cli: 'cdk.js', app: 'node app.js' }, '/tmp/x', false);
    expect(asking[asking.indexOf('--require-approval') + 1]).toBe('broadening');
  });
});

describe('a deployment that failed', () => {
  const target = (failureReasons: DeployTarget['failureReasons']) =>
    ({ isBootstrapped: async () => true, failureReasons }) as unknown as DeployTarget;
  const explain = async (failureReasons: DeployTarget['failureReasons'], isApproved = false) =>
    await explainFailure(await settingsOf(project('a.ts'), 'a.ts', ...PLACES), target(failureReasons), {
      exitCode: 1,
      isApproved,
    });

  it('for a function that the account may not have is told of --max-memory', async () => {
    const reason = "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008";
    const error = await explain(async () => ['Resource creation cancelled', reason]);
    expect(error.message).toContain('less than or equal to 3008');
    expect(error.hint).toContain('--max-memory 3008');
  });

  it('for anything else, or nobody knows what, is told of by the CDK', async () => {
    expect((await explain(async () => ['Bucket already exists'])).message).toContain('the CDK ended with 1');
    expect((await explain(() => Promise.reject(new Error('no such stack')))).message).toContain('the CDK ended with 1');
  });

  it('is told of --yes unless that was given', async () => {
    const isTTY = process.stdin.isTTY;
    process.stdin.isTTY = false;
    onTestFinished(() => {
      process.stdin.isTTY = isTTY;
    });
    expect((await explain(async () => [])).hint).toContain('give --yes');
    expect((await explain(async () => [], true)).hint).toBe('See what the CDK says above.');
  });
});

describe('jobs that are deployed', () => {
  it('are looked at before the CDK runs: one that is no job is wrong usage', async () => {
    const path = join(project('job.ts'), 'job.ts');
    const error = await checkJobs({ job: path }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'REFOLD_JOB_MODULE' });
    expect(exitCodeOf(error)).toBe(2);
  });
});

describe('findCdkTools', () => {
  it('names the packages that are missing, and the command that brings them', () => {
    const cwd = project('package.json');
    const app = join(project('dist/cdk/app.js'), 'dist/cdk/app.js');
    const find = () => findCdkTools(cwd, app);
    expect(find).toThrow('refold deploy needs aws-cdk, aws-cdk-lib, constructs, not found from');
    expect(find).toThrow(expect.objectContaining({ hint: 'npm install --save-dev refold aws-cdk aws-cdk-lib constructs' }));
  });

  it('takes the command line of the project, and the libraries from where the app lies', () => {
    const cwd = project('node_modules/refold/dist/cdk/app.js', 'node_modules/aws-cdk-lib/package.json');
    mkdirSync(join(cwd, 'node_modules/aws-cdk'));
    writeFileSync(join(cwd, 'node_modules/aws-cdk/package.json'), '{ "bin": { "cdk": "bin/cdk" } }');
    const app = join(cwd, 'node_modules/refold/dist/cdk/app.js');
    expect(() => findCdkTools(cwd, app)).toThrow('refold deploy needs constructs, not found');
    mkdirSync(join(cwd, 'node_modules/constructs'));
    writeFileSync(join(cwd, 'node_modules/constructs/package.json'), '{}');
    expect(findCdkTools(cwd, app)).toEqual({
      cli: join(cwd, 'node_modules/aws-cdk/bin/cdk'),
      app: `exec "${process.execPath}" "${app}"`,
    });
  });

  it('exits as wrong usage, since nothing was deployed', () => {
    let met: unknown;
    try {
      findCdkTools('/', '/nowhere/app.js');
    } catch (error) {
      met = error;
    }
    expect(exitCodeOf(met)).toBe(2);
  });
});

describe('what deploy says of buckets', () => {
  const places = {
    outputs: ['s3://results-bucket/counts', 'out/'],
    triggers: [
      readTrigger('job=top,input=s3://logs-bucket/raw/,output=out/{name}'),
      readTrigger('job=top,input=in/,output=out/'),
    ],
  };
  const good = {
    bucketRegion: async () => 'eu-west-1',
    uploadExpiry: async () => 'set' as const,
    eventSending: async () => 'set' as const,
  };
  const advise = (answers: Partial<BucketQuestions>) => adviseOnBuckets(places, { ...good, ...answers }, 'eu-west-1');

  it('is nothing where they are as they should be, or may not be asked', async () => {
    expect(await advise({})).toEqual([]);
    const unknown = async () => 'unknown' as const;
    expect(await advise({ bucketRegion: async () => undefined, uploadExpiry: unknown, eventSending: unknown })).toEqual([]);
  });

  it('is the rule that ends unfinished uploads below the output', async () => {
    const asked: unknown[] = [];
    const [text, ...others] = await advise({
      uploadExpiry: async (...question) => {
        asked.push(question);
        return 'none';
      },
    });
    expect(asked).toEqual([['results-bucket', 'counts/']]);
    expect(others).toEqual([]);
    const [, rules] = /put-bucket-lifecycle-configuration --bucket results-bucket --lifecycle-configuration '(.*)'$/.exec(text!)!;
    expect(JSON.parse(rules!)).toEqual({
      Rules: [
        {
          ID: 'unfinished-uploads',
          Status: 'Enabled',
          Filter: { Prefix: 'counts/' },
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
        },
      ],
    });
  });

  it('is no command that would overwrite other settings of the bucket', async () => {
    const others = async () => 'other-settings' as const;
    const advice = await advise({ uploadExpiry: others, eventSending: others });
    expect(advice).toHaveLength(2);
    expect(advice.filter((text) => text.includes('aws s3api'))).toEqual([]);
    expect(advice[0]).toContain('"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7}');
    expect(advice[1]).toContain('Add "EventBridgeConfiguration": {}');
  });

  it('is that a trigger will not fire, because of the region or of EventBridge', async () => {
    expect(await advise({ bucketRegion: async () => 'us-east-2' })).toEqual([
      expect.stringContaining('the trigger on s3://logs-bucket will never fire: the bucket is in us-east-2'),
    ]);
    expect(await advise({ eventSending: async () => 'none' })).toEqual([
      expect.stringContaining(
        `put-bucket-notification-configuration --bucket logs-bucket --notification-configuration '{"EventBridgeConfiguration":{}}'`,
      ),
    ]);
  });
});

describe('destroy', () => {
  it('says what stays, and how to remove it', () => {
    const kept = [
      { type: 'AWS::S3::Bucket', name: 'work-1' },
      { type: 'AWS::DynamoDB::Table', name: 'ledger-1' },
      { type: 'AWS::X::Y', name: 'other' },
    ];
    expect(describeDeletion('mine', { kind: 'deleted', kept })).toBe(
      [
        'mine is removed. The outputs of its jobs stay where they are.',
        'stays     work-1 (AWS::S3::Bucket); remove it with: aws s3 rb --force s3://work-1',
        'stays     ledger-1 (AWS::DynamoDB::Table); remove it with: aws dynamodb delete-table --table-name ledger-1',
        'stays     other (AWS::X::Y)',
        '',
      ].join('\n'),
    );
    const [, table] = kept;
    expect(describeDeletion('mine', { kind: 'deleted', kept: [table!] })).toContain('is removed, and its own bucket with it.');
    expect(describeDeletion('mine', { kind: 'failed', status: 'DELETE_FAILED', reason: 'in use' })).toContain(
      'DELETE_FAILED, in use',
    );
  });
});
