import { toFailure } from '../../job/failure.ts';
import type { World } from '../../ports/world.ts';
import { forEachOf } from '../requests/in-flight.ts';
import { formatS3Location, isInWorkArea } from '../s3/location.ts';
import { type Starter, startJob } from '../start/start-job.ts';
import { assignUploads, membersOf, type RuledUpload } from './trigger-batch.ts';
import { matchesRule, outputOf, type TriggerRule } from './trigger-rule.ts';
import { settleStart, type TriggerStack } from './trigger-start.ts';
import { parseUpload, type Upload, uploadIdOf } from './upload-event.ts';

/** As SQS gives a batch to a function, and what it takes as an answer: those that it is to deliver again. */
export type MessageBatch = { readonly Records: readonly { readonly messageId: string; readonly body: string }[] };
export type BatchAnswer = { readonly batchItemFailures: readonly { readonly itemIdentifier: string }[] };

export type TriggerStarter = TriggerStack &
  Starter & {
    readonly world: Pick<World, 'ledger' | 'work' | 'openOutput' | 'clock' | 'log'>;
    readonly rules: readonly TriggerRule[];
  };

/** Each start is some twenty requests. */
const STARTS_IN_FLIGHT = 8;

/**
 * Starts one job for the uploads of a batch, a rule and an output. May be called any number of times with the same events, in any batches, and
 * die anywhere: every upload starts its rule's job once. Messages that are no uploads, and those whose job could not be started, are answered
 * as failed; the queue delivers them again, for days, and then to its dead letters.
 */
export async function startTriggered(on: TriggerStarter, batch: MessageBatch): Promise<BatchAnswer> {
  const failed = new Set<string>();
  const messages = batch.Records.flatMap(({ messageId, body }) => {
    const upload = parseUpload(body);
    if (upload !== undefined) return [{ messageId, upload }];
    on.world.log.write('error', 'a message is no upload', { messageId });
    failed.add(messageId);
    return [];
  });
  for (const rule of on.rules) {
    const matching = messages.filter(({ upload }) => matchesRule(rule, upload) && !isOwn(on, rule, upload));
    const messageIds = new Map<string, string[]>();
    const uploads = new Map<string, RuledUpload>();
    for (const { messageId, upload } of matching) {
      const uploadId = uploadIdOf(rule.name, upload);
      messageIds.set(uploadId, [...(messageIds.get(uploadId) ?? []), messageId]);
      uploads.set(uploadId, { ...upload, uploadId });
    }
    const lost = await startRule(on, rule, [...uploads.values()]);
    for (const uploadId of lost) for (const messageId of messageIds.get(uploadId)!) failed.add(messageId);
  }
  return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
}

/** What lies in the work area never starts anything, and what lies at an output of the rules only a rule that goes on from outputs. */
function isOwn({ settings, rules }: TriggerStarter, rule: TriggerRule, upload: Upload): boolean {
  if (isInWorkArea(upload, { bucket: settings.workBucket, key: settings.workPrefix })) return true;
  return (rule.maxDepth ?? 0) === 0 && rules.some((other) => formatS3Location(upload).startsWith(outputStart(other)));
}

/** What comes before the first placeholder: `s3://out/counts/` of `s3://out/counts/{name}`, and of an output without any, its folder. */
function outputStart({ output }: TriggerRule): string {
  const at = output.indexOf('{');
  return at === -1 ? `${output.replace(/\/+$/, '')}/` : output.slice(0, at);
}

/** Answers the uploads whose job could not be started. */
async function startRule(on: TriggerStarter, rule: TriggerRule, uploads: readonly RuledUpload[]): Promise<readonly string[]> {
  if (uploads.length === 0) return [];
  let batches: ReadonlyMap<string, string>;
  try {
    batches = await assignUploads(on.world, rule.name, uploads);
  } catch (error) {
    tell(on, rule, error);
    return uploads.map(({ uploadId }) => uploadId);
  }
  const lost = new Set<string>();
  for (const batchId of new Set(batches.values())) {
    try {
      await startBatch(on, rule, batchId);
    } catch (error) {
      tell(on, rule, error);
      lost.add(batchId);
    }
  }
  return uploads.map(({ uploadId }) => uploadId).filter((uploadId) => lost.has(batches.get(uploadId)!));
}

/** One job an output. All are tried before the first failure is thrown. */
async function startBatch(on: TriggerStarter, rule: TriggerRule, batchId: string): Promise<void> {
  const groups = Map.groupBy(await membersOf(on.world, rule.name, batchId), ({ key }) => outputOf(rule, key));
  const failures: unknown[] = [];
  await forEachOf([...groups], STARTS_IN_FLIGHT, async ([output, members]) => {
    try {
      const { job, objects } = await settleStart(on, rule, batchId, output, members);
      if (job === null) {
        // Gone, written over since, or written by a job that may start none.
        on.world.log.write('info', 'uploads start nothing', { rule: rule.name, objects: members.length });
        return;
      }
      const { kind, record } = await startJob(on, job.record, { run: job.run, ended: 'leave' });
      on.world.log.write('info', 'uploads started a job', {
        rule: rule.name,
        jobId: record.jobId,
        objects: objects.length,
        kind,
      });
    } catch (error) {
      failures.push(error);
    }
  });
  if (failures.length > 0) throw failures[0];
}

function tell({ world }: TriggerStarter, rule: TriggerRule, error: unknown): void {
  const { code, message, hint } = toFailure(error);
  world.log.write('error', 'uploads started no job', { rule: rule.name, code, error: message, hint });
}
