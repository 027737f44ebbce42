import type { Job } from 'refold';
import { contentOptionsOf, type JobOptions, resolveJobOptions } from '../../lib/job/job-options.ts';
import type { JobRecord } from '../../lib/job/job-record.ts';
import { shapeOf } from '../../lib/job/job-shape.ts';
import { RecordCursor } from '../../lib/job/record-cursor.ts';
import type { MemoryWorld } from '../../lib/memory/memory-world.ts';
import { listInput } from '../../lib/split/list-input.ts';
import { encodeJson } from '../../lib/work/json-object.ts';
import { jobKey } from '../../lib/work/work-layout.ts';

/** A job in memory in its first run, over what lies at `in`, with its record where tasks look for it: for tests that call the tasks themselves. */
export async function openRecord(world: MemoryWorld, job: Job, options: JobOptions): Promise<JobRecord> {
  const record: JobRecord = {
    format: 1,
    jobId: 'job',
    fingerprint: 'f',
    name: 'count',
    code: { sha256: '', file: '' },
    shape: shapeOf(job),
    params: {},
    options: contentOptionsOf(resolveJobOptions(1, options)),
    inputs: [await listInput(world.input, '', 'in')],
    output: 'out',
    leaseKey: 'out',
    toStdout: false,
    nodeVersion: '',
    createdAtMs: 0,
  };
  await world.work.put(jobKey('job'), encodeJson(record));
  const item = { jobId: 'job', fingerprint: 'f', name: 'count', outputPath: 'out', state: 'PLANNING' as const };
  await world.ledger.createJob({ ...item, run: 0, executionId: '', generations: [0], createdAtMs: 0, updatedAtMs: 0 });
  await world.ledger.startRun('job', 1, 'job-1');
  return record;
}

/** Of a new attempt that nobody stops. */
export function controlOf(world: MemoryWorld) {
  return { attemptId: world.ids.newId(), cursor: new RecordCursor(), signal: new AbortController().signal };
}
