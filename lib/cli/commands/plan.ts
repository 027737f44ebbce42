import type { Submission } from '../../aws/start/prepare-submission.ts';
import { type JobOptions, OPTION_NAMES, OPTION_RULES } from '../../job/job-options.ts';
import { type PreparedJob, prepareJob } from '../../local/job/prepare-job.ts';
import { MemoryObjectStore } from '../../memory/memory-object-store.ts';
import type { JobState } from '../../ports/task-ledger.ts';
import type { World } from '../../ports/world.ts';
import { planStep } from '../../split/plan-step.ts';
import { eachSplit } from '../../split/read-splits.ts';
import type { StepPlan } from '../../split/step-plan.ts';
import type { Command } from '../arguments/command.ts';
import { checkLocalOutput, JOB_FLAGS, readRequest } from '../arguments/job-flags.ts';
import { flagName } from '../arguments/option-flags.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { namedStack, OPTIONAL_STACK_FLAGS, useAccount } from '../arguments/stack-flags.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { adaptersFor } from '../local/local-adapters.ts';
import { openWorkArea } from '../local/work-area.ts';
import { type Row, showRows } from '../show/rows.ts';
import { showBytes, showDuration, showNumberOf } from '../show/show-quantity.ts';
import { printToStdout } from '../show/standard-output.ts';
import { onStack } from '../stack/on-stack.ts';
import { billRows } from '../stack/show-cost.ts';
import type { Bill, StackAccess } from '../stack/stack-access.ts';

export const command: Command = {
  name: 'plan',
  operand: '<job.ts>',
  summary: 'Shows what run would do, or submit to a stack and at what price, and does none of it.',
  details: 'Compiles the job and lists the input. Takes the flags of run that name the job.',
  flags: [...JOB_FLAGS, { name: 'json', summary: 'as one JSON object' }, ...OPTIONAL_STACK_FLAGS],
  examples: [
    'refold plan word-count.ts --input logs/ --output counts',
    'refold plan word-count.ts --input logs/ --split-bytes 16MiB --json',
    'refold plan word-count.ts --stack refold --input s3://my-logs/raw --output s3://my-results/counts',
  ],
  run,
};

/** What `plan --json` prints. */
type JobPlan = {
  readonly jobId: string;
  readonly name: string;
  /** Of the job in the ledger; null for one that was never started. */
  readonly state: JobState | null;
  readonly output: string | null;
  readonly inputs: readonly {
    readonly name: string;
    readonly location: string;
    readonly objects: number;
    readonly bytes: number;
  }[];
  readonly steps: readonly PlannedStep[];
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly options: Readonly<Record<string, { readonly value: string | number | null; readonly source: OptionSource }>>;
  readonly workers: number | 'inline';
};

type OptionSource = 'default' | 'job' | 'command line';

type PlannedStep = {
  readonly name: string;
  /** `solo`: whole, in one sandbox. Null where what an earlier step leaves decides. */
  readonly runs: 'solo' | 'phases' | null;
  readonly splits: number | null;
  readonly splitBytes: { readonly smallest: number; readonly largest: number } | null;
  readonly partitions: number | null;
  readonly mapOnly: boolean;
};

async function run(given: GivenArguments): Promise<number> {
  if (namedStack(given) !== undefined) {
    const { readSubmission } = await import('./submit.ts');
    const submission = readSubmission(given);
    return await onStack(given, (access) => planOnStack(access, submission, given.has('json')));
  }
  useAccount(given);
  const request = readRequest(given);
  if (Object.values(request.inputs).includes('-')) {
    const hint = 'Give --input PATH: standard input can be read only once, and that is for run.';
    throw new UsageError({ problem: 'plan reads no standard input.', hint });
  }
  checkLocalOutput(request);
  const adapters = await adaptersFor(Object.values(request.inputs));
  const prepared = await prepareJob(request, { adapters });
  await prepared.pool.close();
  const known = openWorkArea() === undefined ? undefined : await prepared.world.ledger.readJob(prepared.record.jobId);
  const plan = await planJob({ ...prepared, state: known?.state ?? null }, request.options ?? {});
  await printToStdout(given.has('json') ? `${JSON.stringify(plan)}\n` : formatPlan(plan));
  return 0;
}

export async function planOnStack(access: StackAccess, submission: Submission, isJson: boolean): Promise<number> {
  const prepared = await access.prepare(submission);
  const { record, options, run: runOptions } = prepared;
  const known = await access.world.ledger.readJob(record.jobId);
  const { workers } = runOptions;
  const plan = await planJob(
    { record, options, world: access.world, workers, state: known?.state ?? null },
    submission.options ?? {},
  );
  const price = access.estimate(prepared, plan.steps[0]?.splits ?? undefined);
  await printToStdout(isJson ? `${JSON.stringify({ ...plan, price })}\n` : formatPlan(plan, price));
  return 0;
}

type Plannable = Pick<PreparedJob, 'record' | 'options' | 'workers'> & {
  readonly world: Pick<World, 'input'>;
  readonly state: JobState | null;
};

async function planJob({ record, options, world, workers, state }: Plannable, given: JobOptions): Promise<JobPlan> {
  const sourceOf = (name: (typeof OPTION_NAMES)[number]): OptionSource =>
    given[name] !== undefined ? 'command line' : record.shape.options[name] !== undefined ? 'job' : 'default';
  const work = new MemoryObjectStore();
  const steps: PlannedStep[] = [];
  for (const [index, { name, mapOnly, inputs }] of record.shape.steps.entries()) {
    const isKnown = inputs.every((input) => input.upstream === undefined);
    const plan = isKnown ? await planStep({ input: world.input, work }, record, index, async () => []) : undefined;
    steps.push({
      name,
      runs: plan === undefined ? null : plan.solo ? 'solo' : 'phases',
      splits: plan?.splits ?? null,
      splitBytes: plan === undefined ? null : await splitSizes(work, plan),
      partitions: plan?.partitions ?? null,
      mapOnly,
    });
  }
  return {
    jobId: record.jobId,
    name: record.name,
    state,
    output: record.toStdout ? null : record.output,
    inputs: record.inputs.map(({ name, location, objects, bytes }) => ({ name, location, objects, bytes })),
    steps,
    params: { ...record.shape.params, ...record.params },
    options: Object.fromEntries(OPTION_NAMES.map((name) => [name, { value: options[name], source: sourceOf(name) }])),
    workers,
  };
}

async function splitSizes(work: MemoryObjectStore, plan: StepPlan): Promise<{ smallest: number; largest: number } | null> {
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  for await (const { ranges } of eachSplit({ work }, plan)) {
    const bytes = ranges.reduce((sum, range) => sum + range.byteEnd - range.byteStart, 0);
    smallest = Math.min(smallest, bytes);
    largest = Math.max(largest, bytes);
  }
  return plan.splits === 0 ? null : { smallest, largest };
}

function formatPlan({ jobId, state, output, inputs, steps, params, options, workers }: JobPlan, price?: Bill): string {
  const rows: Row[] = [
    ['job', `${jobId}, ${describeState(state)}`],
    ...inputs.map(
      ({ name, location, objects, bytes }) =>
        [
          'input',
          `${name === '' ? '' : `${name} = `}${location}: ${showNumberOf(objects, 'object')}, ${showBytes(bytes)}`,
        ] as const,
    ),
    ['output', output ?? 'standard output'],
    ...steps.map((step) => ['step', describeStep(step, steps.length > 1)] as const),
    ['workers', price === undefined ? describeWorkers(workers) : describeTasksAtATime(workers)],
    ...Object.entries(params).map(([name, value]) => ['param', `${name} = ${JSON.stringify(value)}`] as const),
    ...OPTION_NAMES.filter((name) => price === undefined || !OPTIONS_OF_STACK.has(name)).map(
      (name) => ['option', describeOption(name, options[name]!)] as const,
    ),
    ...(price === undefined ? [] : billRows(price)),
  ];
  return showRows(rows);
}

/** On AWS the stack decides these, or they are told of elsewhere. */
const OPTIONS_OF_STACK: ReadonlySet<string> = new Set(['workers', 'maxAttempts', 'taskTimeoutMs']);

function describeWorkers(workers: JobPlan['workers']): string {
  return workers === 'inline'
    ? 'inline: one thread of this process'
    : `${workers} worker ${workers === 1 ? 'process' : 'processes'}`;
}

function describeTasksAtATime(workers: JobPlan['workers']): string {
  return workers === 0 || workers === 'inline' ? 'as many tasks at a time as the account allows' : `${workers} tasks at a time`;
}

function describeState(state: JobState | null): string {
  if (state === null) return 'never started';
  return state === 'DONE' ? 'DONE: run has nothing to do, but with --new' : `${state}: run goes on from there`;
}

function describeStep({ name, runs, splits, splitBytes, partitions, mapOnly }: PlannedStep, isChain: boolean): string {
  const title = isChain ? `${name}: ` : '';
  if (runs === null || splits === null) return `${title}planned when the steps before it have ended`;
  const sizes =
    splitBytes === null
      ? ''
      : splitBytes.smallest === splitBytes.largest
        ? ` of ${showBytes(splitBytes.largest)}`
        : ` of ${showBytes(splitBytes.smallest)} to ${showBytes(splitBytes.largest)}`;
  const how = runs === 'solo' ? 'whole, in one sandbox' : mapOnly ? 'map only' : 'map, shuffle, reduce';
  return `${title}${how}; ${showNumberOf(splits, 'split')}${sizes}${mapOnly ? '' : `, ${showNumberOf(partitions ?? 0, 'partition')}`}`;
}

function describeOption(name: (typeof OPTION_NAMES)[number], { value, source }: JobPlan['options'][string]): string {
  const { kind } = OPTION_RULES[name];
  if (value === null) return `no --${flagName(name)} (${source})`;
  const shown =
    typeof value === 'string'
      ? value
      : kind === 'bytes' || kind === 'split'
        ? showBinary(value)
        : kind === 'duration'
          ? showDuration(value)
          : String(value);
  return `--${flagName(name)} ${shown} (${source})`;
}

/** `64MiB` where it is a round one, as it would be given. */
function showBinary(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  let value = bytes;
  while (unit < units.length - 1 && value >= 1024 && value % 1024 === 0) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? showBytes(bytes) : `${value}${units[unit]}`;
}
