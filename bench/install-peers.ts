import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Installs the peers from `bench/package-lock.json` into `bench/node_modules` on first use. Answers why that failed; the peers' rows then say that
 * they are not installed.
 */
export function installPeers(): string | undefined {
  const folder = import.meta.dirname;
  // npm writes this file last, so a broken install is done again.
  if (existsSync(join(folder, 'node_modules', '.package-lock.json'))) return undefined;
  process.stderr.write('installing the peers with npm ci in bench/ …\n');
  const { status, stderr, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim().slice(-500));
}
