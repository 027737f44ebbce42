import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OutputUnwritableError } from '../../../lib/errors.ts';
import { FileOutputStore, openFileOutput } from '../../../lib/local/files/file-output-store.ts';
import { type FileSystem, nodeFileSystem } from '../../../lib/node/file-system.ts';
import type { StagedPart } from '../../../lib/ports/output-store.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { changedFileSystem, failingFileSystem, fileError, watchedFileSystem } from './watched-file-system.ts';

async function stage(output: FileOutputStore, name: string, attemptId: string, content: string): Promise<StagedPart> {
  const writer = await output.stage(name, attemptId);
  await writer.write(new TextEncoder().encode(content));
  return writer.finish();
}

function storeIn(folder: string, files?: FileSystem): FileOutputStore {
  return new FileOutputStore({ folder: join(folder, 'out'), jobId: 'job-1' }, files);
}

describe('FileOutputStore', () => {
  it('stages beside the output, under a hidden name of the job', async () => {
    const folder = temporaryFolder();
    await stage(storeIn(folder), 'part-00000.tsv', 'a1', 'x');
    expect(readdirSync(folder)).toEqual(['.out.refold-job-1']);
    await storeIn(folder).sweep();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes its staging folder away with the last staged file that is dropped', async () => {
    const folder = temporaryFolder();
    const output = storeIn(folder);
    const first = await stage(output, 'part-00000.tsv', 'a1', 'x');
    const second = await output.stage('part-00001.tsv', 'a2');
    await output.discard(first);
    expect(readdirSync(folder)).toEqual(['.out.refold-job-1']);
    await second.abort();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('stages though another attempt takes the folder away meanwhile', async () => {
    const folder = temporaryFolder();
    let isTaken = false;
    const files = watchedFileSystem(({ name, args }) => {
      if (name !== 'openSync' || !String(args[0]).endsWith('part-00000.a1') || isTaken) return;
      isTaken = true;
      rmdirSync(join(folder, '.out.refold-job-1'));
    });
    const output = storeIn(folder, files);
    expect(await output.publish(await stage(output, 'part-00000', 'a1', 'x'))).toBe('published');
    expect(isTaken).toBe(true);
  });

  it('syncs a part before its rename, and the folder after it', async () => {
    const { log, files } = logOf();
    const folder = temporaryFolder();
    const output = storeIn(folder, files);
    await output.publish(await stage(output, 'part-00000', 'a1', 'x'));
    expect(log.filter((line) => line !== `sync ${basename(folder)}`)).toEqual([
      'write part-00000.a1',
      'sync part-00000.a1',
      'rename part-00000.a1 to part-00000',
      'sync out',
    ]);
    // The folder that holds the new output folder is synced too, after the output folder is made.
    expect(log.indexOf(`sync ${basename(folder)}`)).toBeGreaterThan(-1);
  });

  it('shares one sync of the folder between parts published together, begun after the rename of each', async () => {
    const { log, files } = logOf();
    const output = storeIn(temporaryFolder(), files);
    const parts: StagedPart[] = [];
    for (let part = 0; part < 24; part++) parts.push(await stage(output, `part-000${part + 10}`, 'a', 'x'));
    log.length = 0;
    const publish = async (part: StagedPart) => {
      await output.publish(part);
      log.push(`answer ${part.name}`);
    };
    const early = parts.slice(0, 12).map(publish);
    await new Promise(setImmediate); // Into the middle of the first sync.
    await Promise.all([...early, ...parts.slice(12).map(publish)]);
    expect(log.filter((line) => line === 'sync out').length).toBeLessThanOrEqual(4);
    for (const { name } of parts) {
      const between = log.slice(log.indexOf(`rename ${name}.a to ${name}`), log.indexOf(`answer ${name}`));
      expect(between).toContain('sync out');
    }
  });

  it('syncs _SUCCESS before its rename, and the folder after it', async () => {
    const { log, files } = logOf();
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'out'));
    mkdirSync(join(folder, '.out.refold-job-1'));
    await storeIn(folder, files).writeSuccess(new Uint8Array(2));
    expect(log).toEqual(['write _SUCCESS.success', 'sync _SUCCESS.success', 'rename _SUCCESS.success to _SUCCESS', 'sync out']);
  });

  it('removes _SUCCESS for good before it removes a part', async () => {
    const { log, files } = logOf();
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'out'));
    for (const name of ['part-00000', '_SUCCESS', 'notes.txt']) writeFileSync(join(folder, 'out', name), 'x');
    await storeIn(folder, files).clear([], 0);
    expect(log).toEqual(['unlink _SUCCESS', 'sync out', 'unlink part-00000', 'sync out']);
    expect(readdirSync(join(folder, 'out'))).toEqual(['notes.txt']);
  });

  it('takes neither a folder nor a link for a part, and refuses to start where a folder has the name of one', async () => {
    const folder = temporaryFolder();
    const output = storeIn(folder);
    mkdirSync(join(folder, 'out/part-old'), { recursive: true });
    writeFileSync(join(folder, 'precious'), 'x');
    symlinkSync(join(folder, 'precious'), join(folder, 'out/part-00001'));
    expect(await output.inspect()).toMatchObject({ kind: 'occupied' });
    mkdirSync(join(folder, 'out/part-00000'));
    expect(await output.listParts()).toEqual([]);
    await output.clear([], 0);
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['part-00000', 'part-00001', 'part-old']);
    await expect(output.inspect()).rejects.toThrow(OutputUnwritableError);
    await expect(output.inspect()).rejects.toThrow(/part-00000.* it is a folder, and has the name of a part/);
  });

  it('can be killed at any call and go on: each part is published once more or found published', async () => {
    const commit = async (folder: string, files: FileSystem, parts: readonly StagedPart[]): Promise<void> => {
      const output = storeIn(folder, files);
      for (const part of parts) expect(await output.publish(part)).toBe('published');
      await output.writeSuccess(new TextEncoder().encode('{}'));
    };
    let survived = false;
    for (let deathAt = 0; !survived; deathAt++) {
      expect(deathAt).toBeLessThan(200);
      const folder = temporaryFolder();
      const parts = [
        await stage(storeIn(folder), 'part-00000', 'a1', 'zero'),
        await stage(storeIn(folder), 'part-00001', 'a2', 'one'),
      ];
      let calls = 0;
      const files = watchedFileSystem(({ name }) => {
        if (name !== 'closeSync' && calls++ >= deathAt) throw new Error('killed');
      });
      survived = await commit(folder, files, parts).then(
        () => true,
        (error: Error) => {
          expect(error.message).toBe('killed');
          return false;
        },
      );
      const success = await storeIn(folder).readSuccess();
      if (success !== undefined) expect(await storeIn(folder).listParts()).toHaveLength(2);
      await commit(folder, nodeFileSystem, parts);
      await storeIn(folder).sweep();
      expect(readdirSync(folder)).toEqual(['out']);
      expect(readdirSync(join(folder, 'out')).toSorted()).toEqual(['_SUCCESS', 'part-00000', 'part-00001']);
      expect(readFileSync(join(folder, 'out/part-00001'), 'utf8')).toBe('one');
    }
  });

  it('says gone when the staged part is not what was finished', async () => {
    const folder = temporaryFolder();
    const part = await stage(storeIn(folder), 'part-00000', 'a1', 'x');
    writeFileSync(join(folder, '.out.refold-job-1/part-00000.a1'), '');
    expect(await storeIn(folder).publish(part)).toBe('gone');
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('says gone when the visible part was changed by hand', async () => {
    const folder = temporaryFolder();
    const part = await stage(storeIn(folder), 'part-00000', 'a1', 'x');
    await storeIn(folder).publish(part);
    writeFileSync(join(folder, 'out/part-00000'), 'something else');
    expect(await storeIn(folder).publish(part)).toBe('gone');
  });

  it.each([
    ['ENOSPC', 'writeSync', 'no space is left on the device'],
    ['ENOSPC', 'fsync', 'no space is left on the device'],
    ['EROFS', 'mkdirSync', 'the file system is read-only'],
    ['EACCES', 'openSync', 'permission denied'],
    ['EACCES', 'renameSync', 'permission denied'],
  ] as const)('says what %s of %s means, and where', async (code, call, reason) => {
    const folder = temporaryFolder();
    const output = storeIn(
      folder,
      failingFileSystem(code, ({ name }) => name === call),
    );
    const error = await stage(output, 'part-00000', 'a1', 'x')
      .then((part) => output.publish(part))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OutputUnwritableError);
    expect(error).toMatchObject({ values: { reason, path: expect.stringContaining(folder) } });
  });

  it('leaves no staged file of a part that could not be written', async () => {
    const folder = temporaryFolder();
    const full = await storeIn(
      folder,
      failingFileSystem('ENOSPC', ({ name }) => name === 'writeSync'),
    ).stage('part-00000', 'a1');
    await expect(full.write(new Uint8Array(1))).rejects.toThrow(OutputUnwritableError);
    await full.abort();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses an output path that is a file, or below one', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'out'), 'precious');
    await expect(storeIn(folder).inspect()).rejects.toThrow(/out cannot be written: a file lies where a folder should be/);
    await expect(storeIn(join(folder, 'out')).inspect()).rejects.toThrow(OutputUnwritableError);
    await expect(storeIn(folder).writeSuccess(new Uint8Array(1))).rejects.toThrow(OutputUnwritableError);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('precious');
  });

  it.each(['.hidden', 'notes.txt', 'sub/file'])('takes a folder with %s in it for occupied', async (name) => {
    const folder = temporaryFolder();
    mkdirSync(dirname(join(folder, 'out', name)), { recursive: true });
    expect(await storeIn(join(folder, 'other')).inspect()).toEqual({ kind: 'empty' });
    writeFileSync(join(folder, 'out', name), 'x');
    expect(await storeIn(folder).inspect()).toMatchObject({ kind: 'occupied', example: name.split('/')[0], succeeded: false });
  });

  it('takes an empty folder for empty, and publishes into it', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'out'));
    expect(await storeIn(folder).inspect()).toEqual({ kind: 'empty' });
    expect(await storeIn(folder).publish(await stage(storeIn(folder), 'part-00000', 'a1', 'x'))).toBe('published');
  });

  it('stages inside an output folder that is a mount of its own, hidden', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'out'));
    // As Linux answers between mounts: before it looks whether there is anything to rename.
    const files = watchedFileSystem(({ name, args }) => {
      if (name === 'renameSync' && dirname(String(args[0])) !== dirname(String(args[1])) && !String(args[0]).includes('/out/')) {
        throw fileError('EXDEV', 'rename');
      }
    });
    const output = storeIn(folder, files);
    const part = await stage(output, 'part-00000', 'a1', 'x');
    expect(readdirSync(join(folder, 'out'))).toEqual(['.refold-job-1']);
    expect(await storeIn(folder, files).inspect()).toEqual({ kind: 'empty' });
    expect(await storeIn(folder, files).publish(part)).toBe('published');
    await storeIn(folder, files).sweep();
    expect(readdirSync(join(folder, 'out'))).toEqual(['part-00000']);
  });

  it('stages inside an output folder whose parent takes no files', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'out'));
    const files = failingFileSystem('EACCES', ({ name, args }) => name === 'accessSync' && args[0] === folder);
    const output = storeIn(folder, files);
    const part = await stage(output, 'part-00000', 'a1', 'x');
    expect(readdirSync(folder)).toEqual(['out']);
    expect(await output.publish(part)).toBe('published');
  });

  it('publishes through a symbolic link to a folder', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'out'));
    expect(await storeIn(folder).publish(await stage(storeIn(folder), 'part-00000', 'a1', 'x'))).toBe('published');
    expect(readdirSync(join(folder, 'real'))).toEqual(['part-00000']);
  });

  it('opens locations below the working folder, and absolute ones', async () => {
    const folder = temporaryFolder();
    for (const location of ['results', './results/', join(folder, 'results')]) {
      const output = openFileOutput({ cwd: folder })(location, 'job-1');
      await output.writeSuccess(new TextEncoder().encode(location));
      expect(readFileSync(join(folder, 'results/_SUCCESS'), 'utf8')).toBe(location);
    }
  });
});

/** Writes, syncs, renames and removals in the order they were made, by file name. */
function logOf(): { readonly log: string[]; readonly files: FileSystem } {
  const log: string[] = [];
  const names = new Map<number, string>();
  const files = watchedFileSystem(({ name, args }) => {
    const [first, second] = args;
    if (name === 'writeSync') log.push(`write ${names.get(first as number)}`);
    if (name === 'fsync') log.push(`sync ${names.get(first as number)}`);
    if (name === 'unlinkSync') log.push(`unlink ${basename(String(first))}`);
    if (name === 'renameSync' && existsSync(String(first)))
      log.push(`rename ${basename(String(first))} to ${basename(String(second))}`);
  });
  const openSync: FileSystem['openSync'] = (path, flags, mode) => {
    const fd = nodeFileSystem.openSync(path, flags, mode);
    names.set(fd, basename(String(path)));
    return fd;
  };
  return { log, files: changedFileSystem({ openSync }, files) };
}
