import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ScratchFullError } from '../../lib/errors.ts';
import { FileScratch, sweepScratch } from '../../lib/node/file-scratch.ts';
import { failingFileSystem } from '../local/files/watched-file-system.ts';
import { runProcess, startProcess, whenItSays } from '../local/run-process.ts';
import { temporaryFolder } from '../local/temporary-folder.ts';

const SCRATCH = JSON.stringify(new URL('../../lib/node/file-scratch.ts', import.meta.url).href);

describe('FileScratch', () => {
  it('leaves no name in the folder, even while files are open', () => {
    const folder = temporaryFolder();
    const scratch = new FileScratch(folder);
    scratch.create().append(new Uint8Array(1000));
    expect(readdirSync(folder)).toEqual([]);
    scratch.clear();
  });

  it('leaves nothing when its process is killed', async () => {
    const folder = temporaryFolder();
    const started = startProcess(`
      const { FileScratch } = await import(${SCRATCH});
      new FileScratch(${JSON.stringify(folder)}).create().append(new Uint8Array(1_000_000));
      console.log('written');
      setTimeout(() => undefined, 60_000);`);
    await whenItSays(started, 'written');
    started.child.kill('SIGKILL');
    await started.ended;
    expect(readdirSync(folder)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('gives its files back when its thread is ended', async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'thread.mjs'),
      `import { parentPort } from 'node:worker_threads';
      const { FileScratch } = await import(${SCRATCH});
      new FileScratch(${JSON.stringify(folder)}).create().append(new Uint8Array(1000));
      parentPort.postMessage('written');
      for (;;);`,
    );
    const end = await runProcess(`
      import { readdirSync, readlinkSync } from 'node:fs';
      import { Worker } from 'node:worker_threads';
      // The listing's own descriptor is closed by the time its link is read.
      const nameOf = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } };
      const open = () => readdirSync('/proc/self/fd').filter((fd) => nameOf(fd).includes('refold-scratch-')).length;
      const worker = new Worker(${JSON.stringify(join(folder, 'thread.mjs'))}, { execArgv: [] });
      await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
      const before = open();
      await worker.terminate();
      console.log(before, open());`);
    expect(end.stderr).toBe('');
    expect(end.stdout).toBe('1 0\n');
  });

  it.each([
    ['ENOSPC', 'writeSync', 'no space is left on the device'],
    ['EROFS', 'mkdirSync', 'the file system is read-only'],
    ['EMFILE', 'openSync', 'too many files are open in this process'],
  ] as const)('says what %s of %s means', (code, call, reason) => {
    const scratch = new FileScratch(
      temporaryFolder(),
      failingFileSystem(code, ({ name }) => name === call),
    );
    const write = (): void => scratch.create().append(new Uint8Array(1));
    expect(write).toThrow(ScratchFullError);
    expect(write).toThrow(reason);
    scratch.clear();
  });

  it('sweeps the files of dead processes, and no others', async () => {
    const folder = temporaryFolder();
    const dead = (await runProcess('console.log(process.pid)')).stdout.trim();
    const kept = [`refold-scratch-${process.pid}-aa`, 'somebody-else'];
    for (const name of [...kept, `refold-scratch-${dead}-bb`, 'refold-scratch-x']) writeFileSync(join(folder, name), 'x');
    sweepScratch(folder);
    sweepScratch(join(folder, 'no/such/folder'));
    expect(readdirSync(folder).toSorted()).toEqual(kept.toSorted());
  });
});
