import { plan } from './coordinator/plan.ts';
import { runSolo } from './coordinator/run-solo.ts';
import { assert, InvalidOptionError } from './errors.ts';
import type { Job, Params } from './job/define-job.ts';
import { contentOptionsOf, resolveJobOptions } from './job/job-options.ts';
import type { InputListing, JobRecord } from './job/job-record.ts';
import { shapeOf } from './job/job-shape.ts';
import { RecordCursor } from './job/record-cursor.ts';
import { resolveParams } from './job/resolve-params.ts';
import { stepsOf } from './job/step.ts';
import { type MemoryWorld, memoryWorld } from './memory/memory-world.ts';
import { readAttemptFile } from './output/attempt-file.ts';
import { readPairObject } from './output/read-pair-object.ts';
import { Slice } from './record/slice.ts';
import { listInput } from './split/list-input.ts';
import { readStepPlan } from './split/plan-step.ts';
import { encodeJson } from './work/json-object.ts';
import { jobKey } from './work/work-layout.ts';

export type TestJobOptions = { readonly params?: Params };

/** Records for a job: of its one input, or by the names of the inputs. Bytes may be written as text. */
export type TestRecords<In> = unknown extends In
  ? readonly unknown[] | Readonly<Record<string, readonly unknown[]>>
  : readonly (In extends Slice ? string | Uint8Array | Slice : In)[];

/**
 * Runs a job on records that you write down, in this process and in memory, and answers its output pairs in order: for unit tests of a
 * job. Records are what the job's reader would hand to map, so nothing is parsed; for `rawLines()` and `fixed(n)` texts become slices.
 * @param records of the one input, or by the names of the inputs; an input that is left out is empty
 * @throws what the job throws, with the record's index as position; InvalidOptionError for records of an input that the job has not
 */
export async function testJob<K, V, In>(
  job: Job<K, V, In>,
  records: TestRecords<NoInfer<In>>,
  options: TestJobOptions = {},
): Promise<[K, V][]> {
  const world = memoryWorld();
  const record = await recordOf(job as Job, world, options);
  const byInput = recordsByInput(records, record.shape.outsideInputs);
  await world.work.put(jobKey(record.jobId), encodeJson(record));
  await world.ledger.createJob({
    jobId: record.jobId,
    fingerprint: record.fingerprint,
    name: record.name,
    outputPath: record.output,
    state: 'PLANNING',
    run: 1,
    executionId: 'test',
    generations: record.shape.steps.map(() => 0),
    createdAtMs: 0,
    updatedAtMs: 0,
  });
  const pairs: [K, V][] = [];
  for (const step of stepsOf(job as Job)) {
    await plan({ world, workers: 1, overwrite: false }, { jobId: record.jobId, run: 1, at: { next: 'plan', step: step.index } });
    const stepPlan = await readStepPlan(world, record.jobId, step.index);
    assert(stepPlan !== undefined, 'a step is planned before it runs');
    const task = { jobId: record.jobId, step: step.index, phase: 'reduce', index: 0 } as const;
    const attemptId = world.ids.newId();
    const begun = await world.ledger.beginAttempt(task, attemptId);
    assert(begun.kind === 'begun', 'a test runs once');
    const control = {
      attemptId,
      cursor: new RecordCursor(new ArrayBuffer(RecordCursor.bytes)),
      signal: new AbortController().signal,
    };
    const result = await runSolo({
      world,
      job: record,
      step,
      plan: stepPlan,
      attempt: 1,
      concurrency: job.definition.concurrency ?? 1,
      control,
      records: slicedFor(step.inputs, byInput),
    });
    await world.ledger.commit(task, attemptId, result);
    if (step.index < record.shape.steps.length - 1) continue;
    const file = await readAttemptFile(world, result.attemptKey);
    for (const object of file.pairs) {
      for await (const batch of readPairObject(world.work, object)) for (const pair of batch) pairs.push(pair as [K, V]);
    }
  }
  return pairs;
}

function recordsByInput(records: unknown, names: readonly string[]): Readonly<Record<string, readonly unknown[]>> {
  const byInput = (Array.isArray(records) ? { '': records } : records) as Readonly<Record<string, readonly unknown[]>>;
  const unknown = Object.keys(byInput).find((name) => !names.includes(name));
  if (unknown === undefined) return byInput;
  const hint = names.includes('') ? 'Give an array of records.' : `Give records by the names of the inputs: ${names.join(', ')}.`;
  const value = unknown === '' ? 'an array' : unknown;
  throw new InvalidOptionError({ option: 'records', value, rule: 'given for an input of this job', hint });
}

const locationOf = (name: string) => `test/${name || 'input'}`;

/** Each input is one empty object, so each has one split, which the records are put in. */
async function recordOf(job: Job, world: MemoryWorld, options: TestJobOptions): Promise<JobRecord> {
  const shape = shapeOf(job);
  const inputs: InputListing[] = [];
  for (const name of shape.outsideInputs) {
    world.input.write(locationOf(name), '');
    inputs.push(await listInput(world.input, name, locationOf(name)));
  }
  const resolved = resolveJobOptions(1, shape.options, { soloBytes: 1_000_000_000 });
  return {
    format: 1,
    jobId: 'test',
    fingerprint: 'test',
    name: shape.name ?? 'test',
    code: { sha256: '', file: '' },
    shape,
    params: resolveParams(shape.params, options.params ?? {}),
    options: contentOptionsOf(resolved),
    inputs,
    output: 'test-output',
    leaseKey: 'test-output',
    toStdout: false,
    keepPairs: true,
    nodeVersion: '',
    createdAtMs: 0,
  };
}

/** Readers of bytes hand out slices. */
function slicedFor(
  inputs: ReturnType<typeof stepsOf>[number]['inputs'],
  records: Readonly<Record<string, readonly unknown[]>>,
): Readonly<Record<string, readonly unknown[]>> {
  return Object.fromEntries(
    inputs
      .filter((input) => input.upstream === undefined)
      .map(({ name, reader }) => {
        const isRaw = reader.name === 'rawLines' || reader.name === 'fixed';
        const given = records[name] ?? [];
        return [name, isRaw ? given.map(sliceOf) : given];
      }),
  );
}

function sliceOf(record: unknown): unknown {
  if (typeof record !== 'string' && !(record instanceof Uint8Array)) return record;
  const bytes = typeof record === 'string' ? new TextEncoder().encode(record) : record;
  return new Slice(bytes, 0, bytes.length);
}
