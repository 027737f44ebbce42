import { hash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import type { BuildFailure, BuildOptions, BuildResult, Message } from 'esbuild';
import { readBuildCache, writeBuildCache } from './build-cache.ts';
import { JobModuleError } from './job-module-error.ts';
import { writeWhole } from './write-whole.ts';

export type Bundle = {
  /** Of the file's bytes: the code part of the job's identity. A comment or a type changed in the source changes nothing. */
  readonly sha256: string;
  /** `<workFolder>/code/<sha256>.mjs` */
  readonly path: string;
  /** The job file's name without its extension. */
  readonly name: string;
};

const JOB_EXTENSIONS = ['.ts', '.mts', '.tsx', '.js', '.mjs', '.cjs', '.jsx'];
const MESSAGES_SHOWN = 3;

/**
 * Makes one file of a job's module and everything it imports, except `refold` itself. Equal sources make equal bytes, wherever they
 * lie. Safe to run twice at once. A job whose sources are as they were is not compiled again.
 * @throws JobModuleError
 */
export async function bundleJob(entryPath: string, { workFolder }: { readonly workFolder: string }): Promise<Bundle> {
  const entry = await findEntry(entryPath);
  const codeFolder = join(resolve(workFolder), 'code');
  const name = basename(entryPath, extname(entryPath));
  const cached = readBuildCache(codeFolder, entry);
  if (cached !== undefined) return { sha256: cached, path: join(codeFolder, `${cached}.mjs`), name };
  const startedAtMs = Date.now();
  const result = await build(entry, codeFolder, entryPath);
  const { sha256, path, mapName } = await writeBundle(result, codeFolder);
  await writeBuildCache(codeFolder, entry, { sha256, mapName, metafile: result.metafile, startedAtMs });
  return { sha256, path, name };
}

async function findEntry(entryPath: string): Promise<string> {
  const refuse = (reason: string, cause?: unknown): JobModuleError =>
    new JobModuleError(
      { file: entryPath, reason, hint: `Give the path of a job file; it ends in ${JOB_EXTENSIONS.join(' ')}.` },
      { cause },
    );
  if (!JOB_EXTENSIONS.includes(extname(entryPath))) throw refuse('it is no module that can hold a job.');
  try {
    const entry = await realpath(resolve(entryPath));
    if ((await stat(entry)).isFile()) return entry;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw refuse(code === 'ENOENT' ? 'no such file.' : message, error);
  }
  throw refuse('it is a folder.');
}

const COMPILE_OPTIONS = {
  bundle: true,
  write: false,
  metafile: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  external: ['refold', 'refold/*'],
  define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
  sourcemap: 'external',
  sourcesContent: false,
  legalComments: 'none',
  charset: 'utf8',
  logLevel: 'silent',
} satisfies BuildOptions;

type Built = BuildResult<typeof COMPILE_OPTIONS>;

let activeBuilds = 0;

async function build(entry: string, codeFolder: string, shownFile: string): Promise<Built> {
  const esbuild = await import('esbuild');
  const folder = dirname(entry); // Paths in the code are relative to it, those in the source map to where the map will lie.
  activeBuilds++;
  try {
    return await esbuild.build({
      ...COMPILE_OPTIONS,
      entryPoints: [entry],
      absWorkingDir: folder,
      outfile: join(codeFolder, 'job.mjs'),
    });
  } catch (error) {
    if (!('errors' in (error as BuildFailure))) throw error;
    const { errors } = error as BuildFailure;
    const shown = errors.slice(0, MESSAGES_SHOWN).map((message) => showMessage(message, folder));
    if (errors.length > MESSAGES_SHOWN) shown.push(`and ${errors.length - MESSAGES_SHOWN} more`);
    const reason = `it does not compile.\n${shown.join('\n')}`;
    throw new JobModuleError({ file: shownFile, reason, hint: hintFor(errors[0]) }, { cause: error });
  } finally {
    // The compiler's process would hold memory as long as this one lives. Builds in it when it stops would never end.
    if (--activeBuilds === 0) void esbuild.stop();
  }
}

/** `file:line:column: text`, the line of source, and a mark under the place. */
function showMessage({ text, location }: Message, folder: string): string {
  if (location === null) return text;
  const { file, line, column, length, lineText } = location;
  const full = resolve(folder, file);
  const fromHere = relative(process.cwd(), full);
  const path = fromHere.startsWith('..') ? full : fromHere;
  const before = Buffer.from(lineText).subarray(0, column).toString(); // Columns are UTF-8 bytes.
  const start = Math.max(0, before.length - 60);
  const source = lineText.slice(start, before.length + 40);
  const mark = `${' '.repeat(before.length - start)}${'^'.repeat(Math.max(1, Math.min(length, source.length - before.length + start)))}`;
  return `${path}:${line}:${column + 1}: ${text}\n  ${source}\n  ${mark}`;
}

function hintFor(message: Message | undefined): string {
  const unresolved = /^Could not resolve "([^"]+)"/.exec(message?.text ?? '')?.[1];
  if (unresolved === undefined) return 'Fix the error at the place shown.';
  if (/^[./]/.test(unresolved)) return `Check the path of ${unresolved}.`;
  return `Install ${unresolved} beside the job file (npm install ${unresolved}), or fix the import.`;
}

async function writeBundle(result: Built, codeFolder: string): Promise<{ sha256: string; path: string; mapName: string }> {
  const map = result.outputFiles.find((file) => file.path.endsWith('.map'))!;
  const output = result.outputFiles.find((file) => file !== map)!;
  const code = withRequire(output.text);
  // The code names its map, and its own hash names the code: so the map's name comes from the code without that line.
  const mapName = `${hash('sha256', code).slice(0, 32)}.map`;
  const text = `${code}//# sourceMappingURL=${mapName}\n`;
  const sha256 = hash('sha256', text);
  const path = join(codeFolder, `${sha256}.mjs`);
  await writeWhole(join(codeFolder, mapName), map.contents);
  await writeWhole(path, text);
  return { sha256, path, mapName };
}

/** CommonJS packages call `require` for Node's own modules. On the first line, so that no line of the source map moves. */
function withRequire(code: string): string {
  if (!code.includes('__require')) return code;
  return `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);${code}`;
}
