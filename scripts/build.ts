import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildFunctions, folderBytes, LICENSES_FILE } from './build-functions.ts';

/**
 * Makes dist/: the modules that are started or imported by name (see lib/node/bundle/engine-file.ts), the chunks they share, and the
 * types. Everything lies in one folder, so that any of them finds the others beside it.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: {
    index: 'lib/index.ts',
    cli: 'lib/cli/main.ts',
    'worker-process': 'lib/local/sandbox/worker-process.ts',
    'task-thread': 'lib/node/sandbox/task-thread.ts',
    'local-runner': 'lib/local/world/local-runner.ts',
    's3-runner': 'lib/cli/local/s3-runner.ts',
    'describe-runner': 'lib/node/bundle/describe-runner.ts',
    'pack-jobs': 'lib/cli/pack-jobs-main.ts',
  },
  outdir: dist,
  bundle: true,
  splitting: true,
  chunkNames: 'chunk-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node24',
  packages: 'external',
  // Readable as it stands, so stacks need no source maps; those would slow every start.
  minify: false,
  legalComments: 'none',
  logLevel: 'warning',
});
// `refold/cdk`, and the app that `refold deploy` runs. They find the handlers in dist/functions and pack-jobs.js from here.
await build({
  absWorkingDir: root,
  entryPoints: { index: 'cdk/index.ts', app: 'cdk/app.ts' },
  outdir: join(dist, 'cdk'),
  bundle: true,
  splitting: true,
  chunkNames: 'chunk-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node24',
  packages: 'external',
  legalComments: 'none',
  logLevel: 'warning',
});
await buildFunctions(join(dist, 'functions'));
copyFileSync(join(dist, 'functions', LICENSES_FILE), join(dist, LICENSES_FILE));
process.stdout.write(`dist/functions: ${(folderBytes(join(dist, 'functions')) / 1e6).toFixed(1)} MB\n`);
emitTypes('lib/index.ts', join(root, 'lib'), join(dist, 'types'));
emitTypes('cdk/index.ts', root, join(dist, 'cdk', 'types'));

/** One .d.ts a module, for the modules that a public entry reaches. */
function emitTypes(entry: string, rootDir: string, outDir: string): void {
  const configPath = join(dist, 'tsconfig.types.json');
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as {
    compilerOptions: Record<string, unknown>;
  };
  const options = {
    ...compilerOptions,
    paths: {},
    rootDir,
    outDir,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    typeRoots: [join(root, 'node_modules/@types')],
  };
  writeFileSync(configPath, JSON.stringify({ compilerOptions: options, files: [join(root, entry)] }));
  const tsc = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', configPath], { stdio: 'inherit' });
  rmSync(configPath);
  if (status !== 0) process.exit(status ?? 1);
  for (const name of readdirSync(outDir, { recursive: true, encoding: 'utf8' })) {
    const path = join(outDir, name);
    // Declarations keep `.ts` in their imports, which older compilers do not follow.
    if (name.endsWith('.d.ts'))
      writeFileSync(path, readFileSync(path, 'utf8').replace(/(['"]\.{1,2}\/[^'"\n]+)\.ts(['"])/g, '$1.js$2'));
  }
}
