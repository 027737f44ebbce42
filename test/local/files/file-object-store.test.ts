import { existsSync, mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputChangedError, WorkAreaError } from '../../../lib/errors.ts';
import { FileObjectStore } from '../../../lib/local/files/file-object-store.ts';
import { type FileSystem, nodeFileSystem } from '../../../lib/node/file-system.ts';
import { collect } from '../../contract/collect.ts';
import { runProcess } from '../run-process.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { changedFileSystem, failingFileSystem, watchedFileSystem } from './watched-file-system.ts';

const ABC = new TextEncoder().encode('abc');

describe('FileObjectStore', () => {
  it('keeps each object in a file of its key', async () => {
    const folder = temporaryFolder();
    await new FileObjectStore(folder).put('jobs/a/job.json', ABC);
    expect(readdirSync(join(folder, 'jobs/a'))).toEqual(['job.json']);
  });

  it('shows no temporary file', async () => {
    const folder = temporaryFolder();
    const store = new FileObjectStore(folder);
    const writer = await store.create('a');
    await writer.write(ABC);
    expect(readdirSync(join(folder, '.tmp'))).toHaveLength(1);
    expect(await collect(store.list(''))).toEqual([]);
    await writer.complete();
    expect(readdirSync(join(folder, '.tmp'))).toEqual([]);
  });

  it('gives a file its final name only after its last byte', async () => {
    const calls: string[] = [];
    const files = watchedFileSystem(({ name }) => calls.push(name));
    await new FileObjectStore(temporaryFolder(), files).put('a', ABC);
    expect(calls.indexOf('writeSync')).toBeGreaterThan(-1);
    expect(calls.lastIndexOf('renameSync')).toBeGreaterThan(calls.lastIndexOf('writeSync'));
  });

  it.each(['put', 'putIfAbsent'] as const)('leaves nothing behind when %s finds the disk full', async (method) => {
    const folder = temporaryFolder();
    const store = new FileObjectStore(
      folder,
      failingFileSystem('ENOSPC', ({ name }) => name === 'writeSync'),
    );
    await expect(store[method]('a/b', ABC)).rejects.toThrow(/no space is left on the device/);
    await expect(store[method]('a/b', ABC)).rejects.toThrow(WorkAreaError);
    expect(readdirSync(join(folder, '.tmp'))).toEqual([]);
    expect(existsSync(join(folder, 'a'))).toBe(false);
  });

  it('leaves nothing behind when a streamed object finds the disk full', async () => {
    const folder = temporaryFolder();
    const writer = await new FileObjectStore(
      folder,
      failingFileSystem('ENOSPC', ({ name }) => name === 'writeSync'),
    ).create('a');
    await expect(writer.write(ABC)).rejects.toThrow(WorkAreaError);
    await writer.abort();
    expect(readdirSync(join(folder, '.tmp'))).toEqual([]);
  });

  it('names the path and the reason when it may not write', async () => {
    const store = new FileObjectStore(
      '/refold-test',
      failingFileSystem('EACCES', ({ name }) => name === 'openSync'),
    );
    await expect(store.put('a/b', ABC)).rejects.toThrow('The work area cannot be used at /refold-test/a/b: permission denied.');
  });

  it('writes the rest of what the system took only in part', async () => {
    const writeSync = (fd: number, bytes: NodeJS.ArrayBufferView, start?: number | null, length?: number | null): number =>
      nodeFileSystem.writeSync(fd, bytes, start, Math.min(length ?? 0, 2));
    const store = new FileObjectStore(temporaryFolder(), changedFileSystem({ writeSync: writeSync as FileSystem['writeSync'] }));
    await store.put('a', new TextEncoder().encode('0123456789'));
    expect(new TextDecoder().decode(await store.read('a'))).toBe('0123456789');
  });

  it.each([10, 600_000])('gives no byte of a file that changes while %i bytes are read', async (bytes) => {
    const folder = temporaryFolder();
    const files = watchedFileSystem(({ name }) => {
      if (name === 'readSync' || name === 'read') writeFileSync(join(folder, 'a'), new Uint8Array(bytes).fill(2));
    });
    const { version } = await new FileObjectStore(folder).put('a', new Uint8Array(bytes).fill(1));
    const store = new FileObjectStore(folder, files);
    await expect(store.readRange('a', version, 0, bytes)).rejects.toThrow(InputChangedError);
    await expect(store.read('a')).rejects.toThrow(InputChangedError);
  });

  it('takes a file that was cut short for no shorter object', async () => {
    const folder = temporaryFolder();
    const store = new FileObjectStore(folder);
    const { version } = await store.put('a', new Uint8Array(100));
    truncateSync(join(folder, 'a'), 50);
    await expect(store.readRange('a', version, 0, 10)).rejects.toThrow(InputChangedError);
    await expect(store.readRange('a', undefined, 0, 100)).rejects.toThrow(InputChangedError);
  });

  it('removes the folders that it empties, up to its own', async () => {
    const folder = temporaryFolder();
    const store = new FileObjectStore(folder);
    await store.put('jobs/a/0/map/1/x.seg', ABC);
    await store.put('jobs/b/job.json', ABC);
    await store.delete(['jobs/a/0/map/1/x.seg']);
    expect(readdirSync(join(folder, 'jobs'))).toEqual(['b']);
    await store.delete(['jobs/b/job.json']);
    expect(readdirSync(folder)).toEqual(['.tmp']);
  });

  it('looks at the folder above many that it empties once, not once for each', async () => {
    const folder = temporaryFolder();
    const tried: string[] = [];
    const files = watchedFileSystem(({ name, args }) => {
      if (name === 'rmdirSync') tried.push(String(args[0]));
    });
    const store = new FileObjectStore(folder, files);
    const keys = Array.from({ length: 50 }, (_, task) => `map/${task}/a.seg`);
    for (const key of [...keys, 'map/50/a.seg']) await store.put(key, ABC);
    await store.delete(keys);
    expect(tried.filter((path) => path === join(folder, 'map'))).toHaveLength(1);
    expect(readdirSync(join(folder, 'map'))).toEqual(['50']);
  });

  it('makes a folder again that another process removed at the wrong moment', async () => {
    const folder = temporaryFolder();
    let removals = 3;
    const files = watchedFileSystem(({ name }) => {
      if (name === 'renameSync' && removals-- > 0) new FileObjectStore(folder).delete(['a/b/other']).catch(() => undefined);
    });
    await new FileObjectStore(folder).put('a/b/other', ABC);
    await new FileObjectStore(folder, files).put('a/b/c', ABC);
    expect(readdirSync(join(folder, 'a/b'))).toEqual(['c']);
  });

  it('sweeps the temporary files of dead processes, and no others', async () => {
    const folder = temporaryFolder();
    const store = new FileObjectStore(folder);
    store.sweep();
    const writer = await store.create('a');
    await writer.write(ABC);
    const dead = await runProcess('console.log(process.pid)');
    writeFileSync(join(folder, '.tmp', `${dead.stdout.trim()}-0123`), ABC);
    writeFileSync(join(folder, '.tmp', 'nonsense'), ABC);
    store.sweep();
    expect(readdirSync(join(folder, '.tmp'))).toHaveLength(1);
    await writer.complete();
  });

  it('lets one of several processes win each putIfAbsent, and readers see whole objects only', async () => {
    const folder = temporaryFolder();
    const store = new URL('../../../lib/local/files/file-object-store.ts', import.meta.url).href;
    const code = `
      const { FileObjectStore } = await import(${JSON.stringify(store)});
      const store = new FileObjectStore(${JSON.stringify(folder)});
      const won = [];
      for (let number = 0; number < 200; number++) {
        const bytes = new Uint8Array(10_000).fill(process.pid % 251);
        if ((await store.putIfAbsent('race/' + number, bytes)) === 'written') won.push(number);
        await store.put('shared', bytes);
        const read = await store.read('shared').catch((error) => (error.name === 'InputChangedError' ? undefined : Promise.reject(error)));
        if (read && (read.length !== 10_000 || read.some((byte) => byte !== read[0]))) throw new Error('half an object');
      }
      console.log(JSON.stringify(won));`;
    const runs = await Promise.all([runProcess(code), runProcess(code), runProcess(code)]);
    expect(runs.map((run) => run.stderr).join('')).toBe('');
    const won = runs.flatMap((run) => JSON.parse(run.stdout) as number[]);
    expect(won.toSorted((left, right) => left - right)).toEqual(Array.from({ length: 200 }, (_, number) => number));
  });

  it('does not walk into folders that a prefix rules out', async () => {
    const folder = temporaryFolder();
    const opened: string[] = [];
    for (const key of ['jobs/a/x', 'jobs/b/x', 'code/c']) await new FileObjectStore(folder).put(key, ABC);
    const files = watchedFileSystem(({ name, args }) => {
      if (name === 'opendirSync') opened.push(resolve(String(args[0])));
    });
    const listed = await collect(new FileObjectStore(folder, files).list('jobs/a'));
    expect(listed.flat().map((info) => info.key)).toEqual(['jobs/a/x']);
    expect(opened).toEqual([join(folder, 'jobs'), join(folder, 'jobs/a')]);
  });

  it('may itself be a symbolic link', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    const store = new FileObjectStore(join(folder, 'link'));
    await store.put('a/b', ABC);
    expect((await collect(store.list(''))).flat()).toHaveLength(1);
    await store.delete(['a/b']);
    expect(readdirSync(join(folder, 'real'))).toEqual(['.tmp']);
  });
});
