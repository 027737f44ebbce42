import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { thirdPartyLicenses } from './third-party-licenses.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const NAMES = ['plan', 'solo', 'sample', 'map', 'reduce', 'plan-reduce', 'check', 'commit', 'watch', 'mark-failed', 'start'];

/** CommonJS packages in a bundle ask for Node's own modules by `require`, which an ES module has not. */
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/**
 * Makes the folder that is deployed as the code of all functions: one module a handler, the modules that are started or imported by name
 * (see lib/node/bundle/engine-file.ts), and the chunks they share. Everything is bundled, the AWS SDK too: the copy of Lambda's runtime
 * changes under a function, and takes longer to load. Jobs are packed beside it at deploy.
 */
export async function buildFunctions(outdir: string): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      ...Object.fromEntries(NAMES.map((name) => [name, `functions/${name}.ts`])),
      'task-thread': 'lib/node/sandbox/task-thread.ts',
      'aws-runner': 'lib/aws/lambda/aws-runner.ts',
      index: 'lib/index.ts',
    },
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: 'chunk-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // The SDK's ES modules: what a function does not use of them is left out.
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE },
    // Jobs are compiled before they are deployed.
    external: ['esbuild'],
    // Names and lines stay, so that stacks can be read as they are: source maps would slow every start.
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  });
  writeFileSync(join(outdir, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(outdir, LICENSES_FILE), thirdPartyLicenses(root, Object.keys(metafile.inputs)));
}

/** Beside the code that it is about, in the package and in what is deployed. */
export const LICENSES_FILE = 'THIRD-PARTY-LICENSES';

/** Bytes of all files of a folder. */
export function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
