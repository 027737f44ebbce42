import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** The modules that a file loads, by the files that lie behind them. Types are erased. */
function loadedBy(file: string, seen = new Map<string, string>()): ReadonlyMap<string, string> {
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  for (const [, names, specifier = ''] of text.matchAll(/^(?:import|export) ([^;]*?) from '([^']+)';$/gms)) {
    if (names!.startsWith('type ') || /^\{(?:\s*type \w+,?)+\s*\}$/.test(names!)) continue;
    const target = specifier.startsWith('.') ? resolve(dirname(file), specifier) : specifier;
    if (seen.has(target)) continue;
    seen.set(target, file);
    if (specifier.startsWith('.')) loadedBy(target, seen);
  }
  return seen;
}

it('the construct loads names and rules of lib, and neither the AWS clients nor what touches files', () => {
  const files = readdirSync(join(root, 'cdk')).map((name) => join(root, 'cdk', name));
  const loaded = files.flatMap((file) => [...loadedBy(file)]);
  const wrong = loaded.filter(
    ([target, from]) => target.startsWith('@aws-sdk/') || (target.startsWith('node:') && from.startsWith(join(root, 'lib'))),
  );
  expect(wrong.map(([target, from]) => `${from.slice(root.length + 1)} loads ${target}`)).toEqual([]);
  expect(loaded.map(([target]) => target)).toContain(join(root, 'lib/node/s3-location.ts'));
});
