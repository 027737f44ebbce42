import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RefoldError } from '../../errors.ts';

/** What `deploy` needs of the CDK, which refold leaves to the user's project: most users never deploy, and those who do have a version. */
export type CdkTools = {
  /** The script of the CDK's command line. */
  readonly cli: string;
  /** refold's own app, as the CDK's `--app` takes it. */
  readonly app: string;
};

/** Packages of the CDK that are not there. */
export class CdkMissingError extends RefoldError {
  override readonly name = 'CdkMissingError';
  readonly code = 'REFOLD_CDK_MISSING';
  readonly retryable = false;
  readonly hint: string;
  constructor(values: { packages: string; folder: string }, options?: ErrorOptions) {
    super(`refold deploy needs ${values.packages.split(' ').join(', ')}, not found from ${values.folder}.`, values, options);
    this.hint = `npm install --save-dev refold ${values.packages}`;
  }
}

/** Packages that the app loads, and so are looked for from where it lies. */
const APP_PACKAGES = ['aws-cdk-lib', 'constructs'];

/**
 * Finds the CDK: its command line from `cwd`, else from refold's own place; the libraries of the app from where the app lies.
 * @throws CdkMissingError with the npm command that brings what is missing
 */
export function findCdkTools(cwd: string, appPath: string = appFile()): CdkTools {
  const cli = findCli(join(cwd, 'package.json')) ?? findCli(appPath);
  const missing = [...(cli === undefined ? ['aws-cdk'] : []), ...APP_PACKAGES.filter((name) => !isInstalled(appPath, name))];
  if (cli === undefined || missing.length > 0) throw new CdkMissingError({ packages: missing.join(' '), folder: cwd });
  return { cli, app: `exec ${quote(process.execPath)} ${quote(appPath)}` };
}

/** Built, the app lies in a folder beside the command line; in development it is a source file. */
function appFile(): string {
  return fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../../cdk/app.ts' : './cdk/app.js', import.meta.url));
}

function findCli(from: string): string | undefined {
  try {
    const path = createRequire(from).resolve('aws-cdk/package.json');
    const { bin } = JSON.parse(readFileSync(path, 'utf8')) as { bin?: Readonly<Record<string, string>> };
    return bin?.cdk === undefined ? undefined : join(dirname(path), bin.cdk);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** By the folder and not by resolving: a package need not export its package.json. */
function isInstalled(from: string, name: string): boolean {
  const folders = createRequire(from).resolve.paths(name) ?? [];
  return folders.some((folder) => existsSync(join(folder, name, 'package.json')));
}

function isNotFound(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
}

/** The CDK gives the app to a shell, and takes quotes that it begins with for a part of a file's name: hence `exec`. */
function quote(path: string): string {
  return `"${path.replace(/(["\\$`])/g, '\\$1')}"`;
}
