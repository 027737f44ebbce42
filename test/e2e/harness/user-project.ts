import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const COMMAND_SECONDS_MAX = 240;

export type Ran = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

/**
 * An empty project into which the packed refold is installed: the files that users get, with the packages of this repository linked beside
 * it instead of downloaded. The package must be built. To be closed.
 */
export class UserProject {
  readonly folder = mkdtempSync(join(tmpdir(), 'refold-user-'));

  constructor(...jobFiles: readonly string[]) {
    const modules = join(this.folder, 'node_modules');
    mkdirSync(modules);
    writeFileSync(join(this.folder, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
    const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', this.folder];
    execFileSync('npm', pack, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    const tarball = readdirSync(this.folder).find((file) => file.endsWith('.tgz'))!;
    execFileSync('tar', ['xzf', tarball], { cwd: this.folder });
    renameSync(join(this.folder, 'package'), join(modules, 'refold'));
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (!name.startsWith('.') && name !== 'refold') symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }
    for (const file of jobFiles) copyFileSync(join(root, file), join(this.folder, basename(file)));
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Types a command, and waits for its end. */
  async refold(...args: readonly string[]): Promise<Ran> {
    return await this.start(args).ended;
  }

  /** @param until ends the command as Ctrl-C does, once it has said that */
  start(args: readonly string[], until?: RegExp): { readonly ended: Promise<Ran> } {
    const child = spawn(process.execPath, [join(this.folder, 'node_modules/refold/bin/refold.cjs'), ...args], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: COMMAND_SECONDS_MAX * 1000,
    });
    let [stdout, stderr] = ['', ''];
    let isToldToStop = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (until === undefined || isToldToStop || !until.test(stderr)) return;
      isToldToStop = true;
      child.kill('SIGINT');
    });
    const { promise, resolve: end, reject } = Promise.withResolvers<Ran>();
    child.on('error', reject);
    child.on('close', (exitCode) => end({ exitCode, stdout, stderr }));
    return { ended: promise };
  }
}
