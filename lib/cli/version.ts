import { readFileSync } from 'node:fs';

/** Of the package: its package.json lies one folder above `dist/`, and two above this file. */
export function readVersion(): string {
  const path = new URL(import.meta.url.endsWith('.ts') ? '../../package.json' : '../package.json', import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version;
}
