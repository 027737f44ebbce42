import { contentOptionsOf, resolveJobOptions } from '../../lib/job/job-options.ts';
import type { JobRecord } from '../../lib/job/job-record.ts';
import { shapeOf } from '../../lib/job/job-shape.ts';
import { parseSuccess, type SuccessFile } from '../../lib/output/success-file.ts';
import { listInput } from '../../lib/split/list-input.ts';
import { readStepPlan } from '../../lib/split/plan-step.ts';
import { eachSplit } from '../../lib/split/read-splits.ts';
import { soloRefusedKey } from '../../lib/work/work-layout.ts';
import { FaultPlan } from './fault-plan.ts';
import { chooseCase, type Expected, type JobCase, makeInput } from './job-cases.ts';
import { showOutput } from './job-checkers.ts';
import { SeededRandom } from './seeded-random.ts';
import { type RunOutcome, type RunSettings, runCoordinator } from './simulated-coordinator.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { SimulatedWorld } from './simulated-world.ts';

/** Runs of one job, after which nothing goes wrong any more. */
const RUNS_MAX = 30;
const STEPS_MAX = 100_000;

/** Ends that faults may well bring a run to; any other failure is a bug. */
const FAIR_FAILURES: ReadonlySet<string> = new Set([
  'SandboxLostError',
  'TransientError',
  'LostTooOftenError',
  'RunReplacedError',
  'UserCodeError',
  'States.ItemReaderFailed',
]);

export type SeedReport = {
  readonly seed: number;
  readonly name: string;
  readonly end: 'DONE' | 'FAILED';
  /** What must not be; empty when all is well. */
  readonly violations: readonly string[];
  readonly faults: ReadonlyMap<string, number>;
  /** By the state the job was in. */
  readonly crashes: ReadonlyMap<string, number>;
  readonly runs: number;
  /** Runs that ended as FAILED on the way. */
  readonly failures: ReadonlyMap<string, number>;
  readonly attempts: number;
  readonly invalidations: number;
  readonly generations: number;
  readonly steps: number;
};

/** One job, from its input to its end, under the faults of the seed. The same seed gives the same run, step by step. */
export async function simulateSeed(seed: number, options: { readonly trace?: (line: string) => void } = {}): Promise<SeedReport> {
  const random = new SeededRandom(seed);
  const chosen = chooseCase(random);
  const input = makeInput(random);
  const faults = new FaultPlan(random);
  const world = new SimulatedWorld(random, faults, JOB_ID);
  if (options.trace) {
    const { trace } = options;
    world.onLog = (_level, message, fields) => trace(`${world.time.nowMs().toFixed(0)} ${message} ${JSON.stringify(fields)}`);
  }
  const record = await makeRecord(chosen, input, world, random);
  const settings: RunSettings = {
    job: chosen.job,
    record,
    workers: 1 + random.below(4),
    maxAttempts: 4,
    isCloud: random.chance(0.5),
    sandboxes: [],
  };
  const failures = new Map<string, number>();
  const ended = await runToEnd(world, settings, failures, options.trace ?? (() => {}));
  const { checkers } = world;
  await checkEnd(world, chosen, input, record, ended);
  await checkStaging(world, settings.sandboxes);
  return {
    seed,
    name: chosen.name,
    end: checkers.state === 'DONE' ? 'DONE' : 'FAILED',
    violations: checkers.violations,
    faults: faults.injected,
    crashes: world.crashes,
    runs: ended.runs,
    failures,
    attempts: settings.sandboxes.length,
    invalidations: checkers.invalidations,
    generations: checkers.job?.generations.reduce((sum, generation) => sum + generation, 0) ?? 0,
    steps: world.time.steps,
  };
}

const JOB_ID = 'job';
const OUTPUT = 'out';

async function makeRecord(
  { job }: JobCase,
  input: readonly string[],
  world: SimulatedWorld,
  random: SeededRandom,
): Promise<JobRecord> {
  const objects = 1 + random.below(3);
  for (let object = 0; object < objects; object++) {
    const start = Math.floor((input.length * object) / objects);
    const end = Math.floor((input.length * (object + 1)) / objects);
    world.input.write(
      `in/${object}.txt`,
      input
        .slice(start, end)
        .map((line) => `${line}\n`)
        .join(''),
    );
  }
  const bytes = input.reduce((sum, line) => sum + line.length + 1, 0);
  const resolved = resolveJobOptions(1, {
    splitBytes: Math.ceil(bytes / (1 + random.below(6))),
    reduceTasks: 1 + random.below(4),
    soloBytes: random.chance(0.15) ? 1_000_000 : 0,
    memoryBytes: 64 * 1024,
  });
  const shape = shapeOf(job);
  return {
    format: 1,
    jobId: JOB_ID,
    fingerprint: 'simulated',
    name: 'simulated',
    code: { sha256: '', file: '' },
    shape,
    params: {},
    options: { ...contentOptionsOf(resolved), memoryBytes: random.pick([4 * 1024, 1024 * 1024]) },
    inputs: [await listInput(world.input, '', 'in')],
    output: OUTPUT,
    leaseKey: OUTPUT,
    toStdout: false,
    nodeVersion: '',
    createdAtMs: 0,
  };
}

type Ended = { readonly runs: number; readonly outcome: RunOutcome };

/** Starts the coordinator anew until the job is done or has failed for good. */
async function runToEnd(
  world: SimulatedWorld,
  settings: RunSettings,
  failures: Map<string, number>,
  trace: (line: string) => void,
): Promise<Ended> {
  const { time, random, faults, checkers } = world;
  let outcome: RunOutcome = { kind: 'stopped', why: 'never started' };
  let runs = 0;
  while (runs < RUNS_MAX + 3) {
    if (runs++ >= RUNS_MAX) faults.stop();
    faults.sinceRun = 0;
    outcome = await oneRun(world, settings);
    trace(`run ${runs}: ${JSON.stringify(outcome).slice(0, 500)} (${checkers.state})`);
    if (outcome.kind === 'done') break;
    if (outcome.kind !== 'failed' || checkers.state !== 'FAILED') continue;
    const name = nameOf(outcome.cause);
    failures.set(name, (failures.get(name) ?? 0) + 1);
    if (!FAIR_FAILURES.has(name)) checkers.violate(`the job failed with ${outcome.cause}`);
    const shown = await showOutput(world.outputs.open(OUTPUT, JOB_ID));
    if (shown !== '[]') checkers.violate(`the job failed, and its output holds ${shown}`);
    if (checkers.violations.length > 0 || random.chance(0.3)) break;
    if (name === 'UserCodeError' && settings.record.shape.name === 'poisoned') break;
  }
  // Whoever is left goes on to its own end: it can't change anything any more.
  if ((await time.run(() => false, STEPS_MAX)) !== 'idle') checkers.violate('somebody goes on for ever');
  return { runs, outcome };
}

/** Until the coordinator ends, dies, or is taken for dead. */
async function oneRun(world: SimulatedWorld, settings: RunSettings): Promise<RunOutcome> {
  const { time, random, faults } = world;
  const coordinator = new SimulatedProcess('coordinator', 'coordinator', time, random);
  let outcome: RunOutcome | undefined;
  coordinator.onDeath(() => {
    for (const child of coordinator.children) if (!child.hasEnded && !faults.strikes('orphan')) child.kill();
    outcome ??= { kind: 'stopped', why: 'died' };
  });
  world.onZombie = (process) => {
    process.slowness *= random.pick([1, 3, 20]);
    outcome ??= { kind: 'stopped', why: 'taken for dead' };
    if (random.chance(0.5)) time.after(1000 * random.next(), () => process.kill());
  };
  runCoordinator(world, coordinator, settings).then((answer) => {
    outcome ??= answer;
  });
  const ran = await time.run(() => outcome !== undefined, STEPS_MAX);
  if (ran === 'idle') world.checkers.violate('everybody waits, and nobody runs');
  return outcome ?? { kind: 'stopped', why: 'stuck' };
}

function nameOf(cause: string): string {
  try {
    return (JSON.parse(cause) as { name?: string }).name ?? cause;
  } catch {
    return cause;
  }
}

async function checkEnd(
  world: SimulatedWorld,
  chosen: JobCase,
  input: readonly string[],
  record: JobRecord,
  { outcome }: Ended,
): Promise<void> {
  const { checkers } = world;
  const output = world.outputs.open(OUTPUT, JOB_ID);
  const splitOf = await splitsOfLines(world, input);
  const expected = chosen.expect(input, splitOf);
  if (checkers.state === 'FAILED') {
    if (expected.failure !== undefined && outcome.kind === 'failed' && FAIR_FAILURES.has(nameOf(outcome.cause))) return;
    if (world.faults.sinceRun === 0) checkers.violate(`the job failed without a fault: ${JSON.stringify(outcome)}`);
    return;
  }
  if (checkers.state !== 'DONE') return checkers.violate(`the job ended as ${checkers.state}: ${JSON.stringify(outcome)}`);
  if (expected.failure !== undefined) return checkers.violate(`the job is done, and should have failed: ${expected.failure}`);
  const bytes = await output.readSuccess();
  if (bytes === undefined) return checkers.violate('the job is done, and there is no _SUCCESS');
  const success = parseSuccess(bytes);
  if (success === undefined) return checkers.violate('the job is done, and its _SUCCESS is none');
  const written: string[] = [];
  for (const { name } of success.parts) {
    let text = '';
    for await (const piece of output.readPart(name)) text += Buffer.from(piece).toString('utf8');
    written.push(...text.split('\n').filter((line) => line !== ''));
  }
  const names = (await output.listParts()).map(({ name }) => name);
  if (JSON.stringify(names) !== JSON.stringify(success.parts.map(({ name }) => name))) checkers.violate(`parts are ${names}`);
  checkContent(checkers.violate.bind(checkers), expected, written);
  checkReceipt(checkers.violate.bind(checkers), expected, success, written.length, input, record);
}

/**
 * After DONE only an attempt that died, or was told of an error, may leave something in staging: its sandbox could not clean up. And a
 * Solo that was given up, but lives on and commits after its job is done: it has won, so it leaves its parts to a Commit that never comes.
 */
async function checkStaging(world: SimulatedWorld, sandboxes: readonly SimulatedProcess[]): Promise<void> {
  const { checkers, faults } = world;
  if (checkers.state !== 'DONE' || faults.injected.has('transientError') || faults.injected.has('lostReply')) return;
  const wasRefused = (await world.work.head(soloRefusedKey(JOB_ID, 0))) !== undefined;
  const solo = await world.ledger.readTask({ jobId: JOB_ID, step: 0, phase: 'reduce', index: 0 });
  for (const attemptId of checkers.staged.values()) {
    if (wasRefused && solo?.commit?.attemptId === attemptId) continue;
    const sandbox = sandboxes.find(({ name }) => name === attemptId);
    if (sandbox?.isAlive && !faults.injected.has('lostAttemptFile')) checkers.violate(`${attemptId} left a part in staging`);
  }
}

type Violate = (what: string) => void;

function checkContent(violate: Violate, expected: Expected, written: readonly string[]): void {
  const flaw = expected.flaw?.(written);
  if (flaw !== undefined) violate(`the output is wrong: ${flaw}`);
  if (expected.lines === undefined) return;
  const [left, right] = expected.isOrdered ? [written, expected.lines] : [written.toSorted(), expected.lines.toSorted()];
  const at = left.findIndex((line, index) => line !== right[index]);
  if (at >= 0 || left.length !== right.length) {
    violate(`the output has ${left.length} lines for ${right.length}; line ${at} is ${left[at]} for ${right[at]}`);
  }
}

function checkReceipt(
  violate: Violate,
  expected: Expected,
  { receipt, parts }: SuccessFile,
  lines: number,
  input: readonly string[],
  record: JobRecord,
): void {
  const equal = (what: string, found: unknown, right: unknown) => {
    if (found !== right) violate(`the receipt says ${what} ${found}, not ${right}`);
  };
  const first = receipt.steps[0]!;
  equal('records read', first.map.recordsRead, input.length);
  equal('records written', receipt.output.records, lines);
  equal('parts', receipt.output.parts, parts.length);
  if (expected.pairsEmitted !== undefined) equal('pairs emitted', first.map.pairsEmitted, expected.pairsEmitted);
  if (record.shape.steps[0]!.name === 'word count') equal('the counter of lines', receipt.counters.lines, input.length);
  for (const step of receipt.steps) {
    for (const phase of [step.map, step.reduce]) {
      const { begun, committed, lost, failed, invalidated, abandoned } = phase.attempts;
      equal('attempts', committed + lost + failed + invalidated + abandoned, begun);
      if ([committed, lost, failed, invalidated, abandoned].some((count) => count < 0))
        violate('a count of attempts is negative');
    }
  }
}

/** The split that each line belongs to: the one with its first byte. */
async function splitsOfLines(world: SimulatedWorld, input: readonly string[]): Promise<readonly number[]> {
  const plan = await readStepPlan(world, JOB_ID, 0);
  if (plan === undefined) return [];
  const ranges: { key: string; byteStart: number; byteEnd: number; index: number }[] = [];
  for await (const split of eachSplit(world, plan))
    ranges.push(...split.ranges.map((range) => ({ ...range, index: split.index })));
  const splits: number[] = [];
  const objects = [...new Set(ranges.map(({ key }) => key))];
  let line = 0;
  for (const key of objects) {
    const end = Math.max(...ranges.filter((range) => range.key === key).map((range) => range.byteEnd));
    for (let byte = 0; byte < end && line < input.length; byte += input[line++]!.length + 1) {
      const at = byte;
      splits.push(ranges.find((range) => range.key === key && range.byteStart <= at && at < range.byteEnd)!.index);
    }
  }
  return splits;
}
