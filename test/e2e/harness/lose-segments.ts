import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import type { Deployed } from './deployed.ts';
import { untilCommitted, untilState } from './job-progress.ts';

/** Deletes segments of a slow job while it reduces. */
export async function loseSegments(deployed: Deployed, jobId: string, count: number): Promise<void> {
  await untilState(deployed.world, jobId, 'REDUCING');
  await untilCommitted(deployed.world, jobId, 'reduce', 1);
  const Bucket = deployed.facts.outputs['WorkBucket']!;
  const prefix = `${deployed.facts.outputs['WorkPrefix'] ?? ''}jobs/${jobId}/0/map/`;
  const segments = (await deployed.keys(Bucket, prefix)).filter((key) => key.endsWith('.seg'));
  for (const key of segments.slice(0, count))
    await deployed.clients.s3.send(new DeleteObjectCommand({ Bucket, Key: prefix + key }));
}
