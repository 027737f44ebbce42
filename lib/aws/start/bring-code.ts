import { readFile } from 'node:fs/promises';
import type { JobRecord } from '../../job/job-record.ts';
import type { World } from '../../ports/world.ts';
import { codeKey } from '../../work/work-layout.ts';
import type { Deployment } from '../stack/stack-outputs.ts';
import { CodeNotDeployedError } from './find-code.ts';

/**
 * Puts a job's code where the functions find it: it is deployed with them, or published by its content hash where the stack allows it.
 * @param path of the compiled code; undefined when there is none here, and it must be there already
 * @throws CodeNotDeployedError
 */
export async function bringCode(
  { stack, jobs, allowsPublishedCode }: Pick<Deployment, 'stack' | 'jobs' | 'allowsPublishedCode'>,
  work: World['work'],
  { sha256, file }: JobRecord['code'],
  path: string | undefined,
): Promise<void> {
  if (jobs.some(({ hashStart }) => sha256.startsWith(hashStart))) return;
  // The functions hold it to its hash, so whoever put it there before put the same.
  const isPublished = allowsPublishedCode && (await work.head(codeKey(sha256))) !== undefined;
  if (isPublished) return;
  if (!allowsPublishedCode || path === undefined) {
    const reason = `is not deployed with the stack ${stack}, which holds ${jobs.map(({ name }) => name).join(', ') || 'no jobs'}`;
    throw new CodeNotDeployedError({ file, sha256, reason });
  }
  await work.putIfAbsent(codeKey(sha256), await readFile(path));
}
