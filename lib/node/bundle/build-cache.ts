import { hash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Metafile } from 'esbuild';
import { writeWhole } from './write-whole.ts';

/** Raised with every change of the compiler or of its options; test/node/bundle/build-cache.test.ts holds it to the compiler's version. */
export const BUILD_VERSION = 'esbuild 0.28.2, options 1';

const SOURCES_MAX = 200;
/** A file that is older than this when a build starts does not change under it: clocks of file systems are coarse. */
const SETTLED_MS = 1000;
/** Files that change what the compiler makes of the sources in their folder and below. */
const SURROUNDINGS = ['package.json', 'tsconfig.json', 'jsconfig.json'];

/** What a bundle was made of. `null` in place of a hash: there was no such file. */
type BuildRecord = {
  readonly version: string;
  readonly sha256: string;
  readonly mapName: string;
  readonly sources: Readonly<Record<string, string | null>>;
};

/**
 * The hash of the bundle that compiling `entry` would give, if every file that has a say in it is as it was when it was last compiled.
 * Compares contents, not times, so that no edit is too quick to be seen. A record that cannot be read is as good as none.
 */
export function readBuildCache(codeFolder: string, entry: string): string | undefined {
  try {
    const { version, sha256, mapName, sources } = JSON.parse(readFileSync(recordPath(codeFolder, entry), 'utf8')) as BuildRecord;
    if (version !== BUILD_VERSION) return undefined;
    for (const [path, contentHash] of Object.entries(sources)) if (hashFile(path) !== contentHash) return undefined;
    if (hashFile(join(codeFolder, `${sha256}.mjs`)) !== sha256 || hashFile(join(codeFolder, mapName)) === null) return undefined;
    return sha256;
  } catch {
    return undefined;
  }
}

/**
 * Remembers a build, unless it depends on more than a list of files can say (packages, or imports that the compiler searches for), or
 * a source changed since shortly before the build: then nobody knows which content the compiler saw.
 */
export async function writeBuildCache(codeFolder: string, entry: string, build: FinishedBuild): Promise<void> {
  const { sha256, mapName, metafile, startedAtMs } = build;
  const paths = listSources(entry, metafile);
  if (paths === undefined) return;
  const sources = Object.fromEntries(paths.map((path) => [path, hashFile(path)]));
  if (paths.some((path) => sources[path] !== null && statSync(path).ctimeMs > startedAtMs - SETTLED_MS)) return;
  const path = recordPath(codeFolder, entry);
  const record: BuildRecord = { version: BUILD_VERSION, sha256, mapName, sources };
  await writeWhole(path, JSON.stringify(record));
}

export type FinishedBuild = {
  readonly sha256: string;
  readonly mapName: string;
  readonly metafile: Metafile;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
};

function recordPath(codeFolder: string, entry: string): string {
  return join(codeFolder, `${hash('sha256', entry).slice(0, 32)}.build.json`);
}

/** `null`: no such file, or reached by a link that was not there when the compiler resolved it. */
function hashFile(path: string): string | null {
  try {
    return realpathSync(path) === path ? hash('sha256', readFileSync(path)) : null;
  } catch {
    return null;
  }
}

/** Every file that has a say in the bundle, present or not; undefined when files alone do not say it. */
function listSources(entry: string, { inputs }: Metafile): string[] | undefined {
  const folder = dirname(entry);
  const modules = Object.keys(inputs).map((path) => resolve(folder, path));
  if (modules.length > SOURCES_MAX) return undefined;
  for (const [importer, { imports }] of Object.entries(inputs)) {
    for (const { path, original, external } of imports) {
      if (external) continue;
      // `./norm.ts` can only ever be that file; `./norm`, `norm` and `#norm` depend on what else lies around.
      const isExact = original !== undefined && /^\.{1,2}\//.test(original);
      if (!isExact || resolve(folder, dirname(importer), original) !== resolve(folder, path)) return undefined;
    }
  }
  const surroundings = listFolders(modules).flatMap((parent) => SURROUNDINGS.map((name) => join(parent, name)));
  const isExtended = surroundings.some((path) => path.endsWith('config.json') && readText(path).includes('extends'));
  return isExtended ? undefined : [...modules, ...surroundings];
}

/** The folders of the files, and all above them. */
function listFolders(paths: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let folder = dirname(path); !folders.has(folder); folder = dirname(folder)) folders.add(folder);
  }
  return [...folders];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
