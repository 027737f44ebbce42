import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';
import { Deployed } from '../harness/deployed.ts';
import { untilCommitted, untilState } from '../harness/job-progress.ts';
import { loseUpload } from '../harness/lose-upload.ts';
import { SlowJob } from '../harness/slow-job.ts';

const deployed = new Deployed();
afterAll(() => deployed.close());

describe('a deployed job', () => {
  it('maps again what a segment held that is lost between the phases', async () => {
    const slow = new SlowJob(deployed, 'lost', { reduceMs: 50 });
    // One after another, so that most reduce tasks have not fetched anything yet.
    const job = await deployed.submit(slow.withOptions({ workers: 1 }));
    await untilState(deployed.world, job.id, 'REDUCING');
    await untilCommitted(deployed.world, job.id, 'reduce', 1);
    const Bucket = deployed.facts.outputs['WorkBucket']!;
    const prefix = `${deployed.facts.outputs['WorkPrefix'] ?? ''}jobs/${job.id}/0/map/`;
    const segments = (await deployed.keys(Bucket, prefix)).filter((key) => key.endsWith('.seg'));
    expect(segments.length).toBeGreaterThan(5);
    for (const key of segments.slice(0, 2)) {
      await deployed.clients.s3.send(new DeleteObjectCommand({ Bucket, Key: prefix + key }));
    }
    const { receipt } = await job.result();
    await slow.expectContent();
    expect(receipt.steps[0]!.map.attempts.invalidated).toBe(2);
  });

  it('reduces again when a staged part is lost before commit', async () => {
    const slow = new SlowJob(deployed, 'lost-part', { reduceMs: 50 });
    const job = await deployed.submit(slow.withOptions({ workers: 1 }));
    await loseUpload(deployed, job.id, slow.output);
    const { receipt } = await job.result();
    await slow.expectContent();
    expect(receipt.steps[0]!.reduce!.attempts.invalidated).toBeGreaterThan(0);
  });
});
