import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { InputChangedError, InputMissingError, InputUnreadableError } from '../../../lib/errors.ts';
import { FileInputStore } from '../../../lib/local/files/file-input-store.ts';
import { collect } from '../../contract/collect.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { failingFileSystem, watchedFileSystem } from './watched-file-system.ts';

let cwd = '';
let store: FileInputStore;
beforeEach(() => {
  cwd = temporaryFolder();
  store = new FileInputStore({ cwd });
});

function write(...keys: readonly string[]): void {
  for (const key of keys) {
    mkdirSync(dirname(join(cwd, key)), { recursive: true });
    writeFileSync(join(cwd, key), key);
  }
}

async function keysOf(location: string, from = store): Promise<readonly string[]> {
  return (await collect(from.list(location))).flat().map((info) => info.key);
}

describe('FileInputStore', () => {
  it('gives an empty folder no objects, which is no error', async () => {
    mkdirSync(join(cwd, 'empty'));
    expect(await keysOf('empty')).toEqual([]);
    expect(await keysOf('.')).toEqual([]);
  });

  it.each([
    ['logs', ['logs/a', 'logs/b/c']],
    ['./logs/', ['logs/a', 'logs/b/c']],
    ['logs//b', ['logs/b/c']],
    ['other/../logs/a', ['logs/a']],
    ['.', ['logs/a', 'logs/b/c']],
  ])('gives the keys of %j plainly, so that the same input is the same job', async (location, keys) => {
    write('logs/a', 'logs/b/c');
    expect(await keysOf(location)).toEqual(keys);
  });

  it('keeps absolute keys and those above the working folder, and reads them', async () => {
    write('data/a', 'work/b');
    const inner = new FileInputStore({ cwd: join(cwd, 'work') });
    expect(await keysOf('../data', inner)).toEqual(['../data/a']);
    expect(await keysOf(join(cwd, 'data'), inner)).toEqual([join(cwd, 'data/a')]);
    const [info] = (await collect(inner.list('../data'))).flat();
    expect(new TextDecoder().decode(await inner.readRange('../data/a', info?.version ?? '', 0, 6))).toBe('data/a');
  });

  describe('with a glob', () => {
    const FILES = [
      'logs/2026-01/a.csv',
      'logs/2026-01/b.txt',
      'logs/2026-02/sub/c.csv',
      'logs/2025-12/d.csv',
      'logs/_old/e.csv',
      'logs/.hidden/f.csv',
      'logs/g.csv',
      'logs/_h.csv',
      'top.csv',
    ];

    it.each([
      ['*.csv', ['top.csv']],
      ['logs/*.csv', ['logs/g.csv']],
      ['logs/**/*.csv', ['logs/2025-12/d.csv', 'logs/2026-01/a.csv', 'logs/2026-02/sub/c.csv', 'logs/g.csv']],
      ['**/*.csv', ['logs/2025-12/d.csv', 'logs/2026-01/a.csv', 'logs/2026-02/sub/c.csv', 'logs/g.csv', 'top.csv']],
      ['logs/*/*.csv', ['logs/2025-12/d.csv', 'logs/2026-01/a.csv']],
      ['./logs/*/a.*', ['logs/2026-01/a.csv']],
      ['logs/2026-0[12]/*.{csv,txt}', ['logs/2026-01/a.csv', 'logs/2026-01/b.txt']],
      ['logs/{2025-12/d,2026-02/sub/c}.csv', ['logs/2025-12/d.csv', 'logs/2026-02/sub/c.csv']],
      ['logs/?.csv', ['logs/g.csv']],
      ['logs/_*', ['logs/_h.csv', 'logs/_old/e.csv']],
      ['logs/.hidden/*.csv', ['logs/.hidden/f.csv']],
      ['logs/**', ['logs/2025-12/d.csv', 'logs/2026-01/a.csv', 'logs/2026-01/b.txt', 'logs/2026-02/sub/c.csv', 'logs/g.csv']],
    ])('takes %s', async (location, keys) => {
      write(...FILES);
      expect(await keysOf(location)).toEqual(keys);
      const absolute = join(cwd, location);
      expect(await keysOf(absolute)).toEqual(keys.map((key) => join(cwd, key)));
    });

    it('takes all that lies below a folder that matches', async () => {
      write(...FILES);
      expect(await keysOf('logs/2026-*')).toEqual(['logs/2026-01/a.csv', 'logs/2026-01/b.txt', 'logs/2026-02/sub/c.csv']);
    });

    it.each(['*.json', 'nowhere/*.csv', 'logs/g.csv/*', 'top.csv*/x'])('says so when %s matches nothing', async (location) => {
      write(...FILES);
      await expect(keysOf(location)).rejects.toThrow(InputMissingError);
      await expect(keysOf(location)).rejects.toThrow(location);
    });

    it('takes a name that is there for no glob', async () => {
      write('data[1].csv', 'data1.csv');
      expect(await keysOf('data[1].csv')).toEqual(['data[1].csv']);
    });

    it('looks into no folder that can not match', async () => {
      write(...FILES);
      const files = failingFileSystem('EACCES', ({ name, args }) => name === 'opendirSync' && /2025|_old/.test(String(args[0])));
      expect(await keysOf('logs/2026-*/*', new FileInputStore({ cwd }, files))).toEqual([
        'logs/2026-01/a.csv',
        'logs/2026-01/b.txt',
        'logs/2026-02/sub/c.csv',
      ]);
    });
  });

  describe('leaves nothing out unsaid:', () => {
    it('follows symbolic links to files and folders', async () => {
      write('real/a', 'in/b');
      symlinkSync(join(cwd, 'real'), join(cwd, 'in/folder'));
      symlinkSync(join(cwd, 'real/a'), join(cwd, 'in/file'));
      expect(await keysOf('in')).toEqual(['in/b', 'in/file', 'in/folder/a']);
      expect(await keysOf('in/*/a')).toEqual(['in/folder/a']);
    });

    it('ends where links go round in a circle', async () => {
      write('in/a/x', 'in/b/y');
      symlinkSync('..', join(cwd, 'in/a/up'));
      symlinkSync(join(cwd, 'in/a'), join(cwd, 'in/b/to-a'));
      symlinkSync(join(cwd, 'in/b'), join(cwd, 'in/a/to-b'));
      expect(await keysOf('in')).toEqual(['in/a/to-b/y', 'in/a/x', 'in/b/to-a/x', 'in/b/y']);
    });

    it('a link to nothing is an error, unless the glob does not ask for it', async () => {
      write('in/a.csv');
      symlinkSync('nothing', join(cwd, 'in/broken'));
      symlinkSync('self', join(cwd, 'in/self'));
      expect(await keysOf('in/*.csv')).toEqual(['in/a.csv']);
      await expect(keysOf('in/b*')).rejects.toThrow('in/broken cannot be read: it is a symbolic link to nothing.');
      await expect(keysOf('in/s*')).rejects.toThrow(/in\/self cannot be read: its symbolic links go round in a circle/);
      await expect(keysOf('in')).rejects.toThrow(InputUnreadableError);
    });

    it('a pipe is an error', async () => {
      write('in/a');
      execFileSync('mkfifo', [join(cwd, 'in/pipe')]);
      await expect(keysOf('in')).rejects.toThrow(/in\/pipe cannot be read: it is neither a file nor a folder/);
      await expect(keysOf('in/pipe')).rejects.toThrow(InputUnreadableError);
    });

    it.runIf(process.platform === 'linux')('a name that is no UTF-8 is an error', async () => {
      write('in/a');
      writeFileSync(Buffer.concat([Buffer.from(join(cwd, 'in/')), Buffer.from([0x62, 0xff])]), 'x');
      await expect(keysOf('in')).rejects.toThrow(/its name is not valid UTF-8/);
    });

    it('a file that may not be read is an error before the job starts', async () => {
      write('in/a', 'in/secret');
      const files = failingFileSystem('EACCES', ({ name, args }) => name === 'accessSync' && String(args[0]).endsWith('secret'));
      await expect(keysOf('in', new FileInputStore({ cwd }, files))).rejects.toThrow(
        'in/secret cannot be read: permission denied.',
      );
    });

    it('a folder that may not be read is an error', async () => {
      write('in/a', 'in/locked/b');
      const files = failingFileSystem('EACCES', ({ name, args }) => name === 'opendirSync' && String(args[0]).includes('locked'));
      await expect(keysOf('in', new FileInputStore({ cwd }, files))).rejects.toThrow(
        /in\/locked\/ cannot be read: permission denied/,
      );
    });

    it('a file that is deleted during the listing was never there', async () => {
      write('in/a', 'in/b');
      const files = failingFileSystem(
        'ENOENT',
        ({ name, args }) => name.endsWith('statSync') && String(args[0]).endsWith('in/a'),
      );
      expect(await keysOf('in', new FileInputStore({ cwd }, files))).toEqual(['in/b']);
    });
  });

  describe('readRange', () => {
    const versionOf = async (key: string): Promise<string> => (await collect(store.list(key))).flat()[0]?.version ?? '';

    it('gives no byte of a file that changes during the read', async () => {
      write('in/a');
      const files = watchedFileSystem(({ name }) => {
        if (name === 'readSync') writeFileSync(join(cwd, 'in/a'), 'IN/A');
      });
      const version = await versionOf('in/a');
      utimesSync(join(cwd, 'in/a'), 1, 1);
      const planned = await versionOf('in/a');
      expect(planned).not.toBe(version);
      await expect(new FileInputStore({ cwd }, files).readRange('in/a', planned, 0, 4)).rejects.toThrow(InputChangedError);
    });

    it('says what it found in place of what was planned', async () => {
      write('in/a');
      utimesSync(join(cwd, 'in/a'), 0, 0);
      const version = await versionOf('in/a');
      writeFileSync(join(cwd, 'in/a'), 'changed');
      utimesSync(join(cwd, 'in/a'), 60, 60);
      await expect(store.readRange('in/a', version, 0, 4)).rejects.toThrow(
        'in/a changed while the job ran: planned as 4 bytes of 1970-01-01T00:00:00.000Z, found 7 bytes of 1970-01-01T00:01:00.000Z.',
      );
    });

    it('knows a file again after a copy that keeps its times', async () => {
      write('in/a');
      const version = await versionOf('in/a');
      execFileSync('cp', ['-p', join(cwd, 'in/a'), join(cwd, 'in/b')]);
      execFileSync('mv', [join(cwd, 'in/b'), join(cwd, 'in/a')]);
      expect(await versionOf('in/a')).toBe(version);
    });

    it('says why a file cannot be read', async () => {
      write('in/a');
      const files = failingFileSystem('EIO', ({ name }) => name === 'readSync');
      const version = await versionOf('in/a');
      await expect(new FileInputStore({ cwd }, files).readRange('in/a', version, 0, 4)).rejects.toThrow(
        'in/a cannot be read: the device reported an input/output error.',
      );
    });
  });
});
