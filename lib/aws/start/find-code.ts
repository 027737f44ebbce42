import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ObjectMissingError, RefoldError } from '../../errors.ts';
import { deployedCodeFile } from '../../node/bundle/deployed-jobs.ts';
import { writeWhole } from '../../node/bundle/write-whole.ts';
import type { World } from '../../ports/world.ts';
import { codeKey } from '../../work/work-layout.ts';

/** The job's code is neither deployed with the functions nor, where that is allowed, published. */
export class CodeNotDeployedError extends RefoldError {
  override readonly name = 'CodeNotDeployedError';
  readonly code = 'REFOLD_CODE_NOT_DEPLOYED';
  readonly retryable = false;
  readonly hint = 'Deploy the job file as it is now (refold deploy), then submit it again.';
  constructor(values: { file: string; sha256: string; reason: string }, options?: ErrorOptions) {
    super(`The code of ${values.file} (sha256 ${values.sha256}) ${values.reason}.`, values, options);
  }
}

/** Where code may lie, in the order it is looked for. */
export type CodePlaces = {
  /** Folders of deployed functions: each may hold `jobs/<sha256>.mjs`. */
  readonly folders: readonly string[];
  /** Where published code may be used: `code/<sha256>.mjs` of the work area, kept as a file in `folder`. */
  readonly published?: { readonly work: World['work']; readonly folder: string };
};

/**
 * The path of a job's bundle. Its content is held to its hash wherever it was found: the hash is the code part of the job's identity.
 * @throws CodeNotDeployedError
 */
export async function findCode(code: { readonly sha256: string; readonly file: string }, places: CodePlaces): Promise<string> {
  const { sha256, file } = code;
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new CodeNotDeployedError({ file, sha256, reason: 'has no content hash' });
  const refuse = (reason: string, options?: ErrorOptions) => new CodeNotDeployedError({ file, sha256, reason }, options);
  for (const folder of places.folders) {
    const path = join(folder, deployedCodeFile(sha256));
    if (!existsSync(path)) continue;
    if (hash('sha256', readFileSync(path)) !== sha256) throw refuse('was changed after it was deployed');
    return path;
  }
  if (places.published === undefined) throw refuse('is not deployed with this stack');
  const { work, folder } = places.published;
  const path = join(folder, `refold-${sha256}.mjs`);
  if (existsSync(path) && hash('sha256', readFileSync(path)) === sha256) return path;
  try {
    const bytes = await work.read(codeKey(sha256));
    if (hash('sha256', bytes) !== sha256) throw refuse('was published with another content');
    await writeWhole(path, bytes);
    return path;
  } catch (error) {
    throw error instanceof ObjectMissingError
      ? refuse('is neither deployed with this stack nor published', { cause: error })
      : error;
  }
}
