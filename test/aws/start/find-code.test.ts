import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCode } from '../../../lib/aws/start/find-code.ts';
import { MemoryObjectStore } from '../../../lib/memory/memory-object-store.ts';
import { codeKey } from '../../../lib/work/work-layout.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';

const CODE = 'export default 1;';
const sha256 = hash('sha256', CODE);
const code = { sha256, file: 'jobs/count.ts' };

function deployed(content = CODE): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'jobs'));
  writeFileSync(join(folder, 'jobs', `${sha256}.mjs`), content);
  return folder;
}

async function published(content = CODE) {
  const work = new MemoryObjectStore();
  await work.put(codeKey(sha256), Buffer.from(content));
  return { work, folder: temporaryFolder() };
}

describe('the code of a job', () => {
  it('is found beside the handlers, whichever folder that is', async () => {
    const folder = deployed();
    expect(await findCode(code, { folders: [temporaryFolder(), folder] })).toBe(join(folder, 'jobs', `${sha256}.mjs`));
  });

  it('is fetched once where published code is allowed', async () => {
    const { work, folder } = await published();
    const path = await findCode(code, { folders: [], published: { work, folder } });
    expect(readdirSync(folder).map((name) => join(folder, name))).toEqual([path]);
    await work.delete([codeKey(sha256)]);
    expect(await findCode(code, { folders: [], published: { work, folder } })).toBe(path);
  });

  it('is fetched anew when the file that was kept is not whole', async () => {
    const places = { folders: [], published: await published() };
    writeFileSync(await findCode(code, places), 'half');
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(await findCode(code, places), 'utf8')).toBe(CODE);
  });

  it.each([
    ['is not deployed with this stack', async () => ({ folders: [temporaryFolder()] })],
    [
      'is neither deployed with this stack nor published',
      async () => ({ folders: [], published: { work: new MemoryObjectStore(), folder: temporaryFolder() } }),
    ],
    ['was changed after it was deployed', async () => ({ folders: [deployed('export default 2;')] })],
    ['was published with another content', async () => ({ folders: [], published: await published('export default 2;') })],
  ])('%s: a clear error that no attempt repeats', async (reason, places) => {
    await expect(findCode(code, await places())).rejects.toMatchObject({
      code: 'REFOLD_CODE_NOT_DEPLOYED',
      retryable: false,
      message: expect.stringContaining(reason),
      values: { file: 'jobs/count.ts', sha256 },
    });
  });

  it('is never looked for by a name that would leave its folder', async () => {
    await expect(findCode({ sha256: '../../secret', file: 'x.ts' }, { folders: [deployed()] })).rejects.toMatchObject({
      code: 'REFOLD_CODE_NOT_DEPLOYED',
    });
  });
});
