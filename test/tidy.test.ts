import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { USAGE_CODES } from '../lib/cli/show/exit-code.ts';

const root = resolve(import.meta.dirname, '..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));
const sources = files.filter((file) => file.endsWith('.ts'));
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

/** The layers of lib, lowest first: imports point to the same layer or a lower one. Folders side by side know nothing of each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['errors.ts'],
  ['ports'],
  ['record', 'combine'],
  ['job'],
  ['work'],
  ['split'],
  ['shuffle'],
  ['output'],
  ['map', 'reduce', 'memory'],
  ['coordinator'],
  ['test-job.ts', 'node'],
  ['local', 'aws'],
  ['run.ts', 'connect.ts', 'index.ts', 'cli'],
];
/** The same within the adapters of one place, by folder. */
const LAYERS_WITHIN: Readonly<Record<string, readonly (readonly string[])[]>> = {
  aws: [['requests'], ['s3', 'ledger'], ['world', 'cost'], ['stack'], ['start'], ['trigger'], ['lambda', 'connect']],
  local: [['files', 'ledger', 'interpreter', 'sandbox'], ['world'], ['job']],
};
const LAYER_OF_NODE = LAYERS.findIndex((layer) => layer.includes('node'));

function layerOf(file: string): number {
  const layer = LAYERS.findIndex((names) => names.includes(file.split('/')[1]!));
  if (layer === -1) throw new Error(`${file} is in no layer: add its folder to LAYERS`);
  return layer;
}

function importsOf(file: string): readonly string[] {
  const specifiers = [...withoutComments(textOf(file)).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1]!);
  return specifiers.map((specifier) => relative(root, resolve(root, dirname(file), specifier)));
}

describe('the repository', () => {
  it('imports one way, from the command line down to the ports', () => {
    const wrong = sources
      .filter((file) => file.startsWith('lib/'))
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => target.startsWith('lib/') && layerOf(target) > layerOf(file))
          .map((target) => `${file} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it.each(Object.entries(LAYERS_WITHIN))('imports one way within lib/%s, and side by side not at all', (place, layers) => {
    const isOwn = (file: string): boolean => file.startsWith(`lib/${place}/`);
    const folderOf = (file: string): string => file.split('/')[2]!;
    const layerWithin = (file: string): number => layers.findIndex((names) => names.includes(folderOf(file)));
    const own = sources.filter(isOwn);
    expect(own.filter((file) => layerWithin(file) === -1)).toEqual([]);
    const wrong = own.flatMap((file) =>
      importsOf(file)
        .filter((target) => isOwn(target) && folderOf(target) !== folderOf(file))
        .filter((target) => layerWithin(target) >= layerWithin(file))
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('keeps the adapters of one place out of those of the other', () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter(
          (target) =>
            (file.startsWith('lib/aws/') && target.startsWith('lib/local/')) ||
            (file.startsWith('lib/local/') && target.startsWith('lib/aws/')),
        )
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('reaches the world from the engine only through ports', () => {
    const forbidden =
      /\b(?:Date\.now|Math\.random|setTimeout|setInterval|setImmediate|performance\.now|process\.\w+)\b|from 'node:(?:fs|os|path|child_process|worker_threads|sqlite)/;
    const wrong = sources
      .filter((file) => file.startsWith('lib/') && layerOf(file) < LAYER_OF_NODE)
      .flatMap((file) =>
        withoutComments(textOf(file))
          .split('\n')
          .filter((line) => forbidden.test(line))
          .map((line) => `${file}: ${line.trim()}`),
      );
    expect(wrong).toEqual([]);
  });

  it('has no file that holds more than one noun can', () => {
    const long = sources
      .filter((file) => /^(?:lib|functions|cdk)\//.test(file))
      .map((file) => ({ file, lines: textOf(file).split('\n').length }))
      .filter(({ lines }) => lines > 390);
    expect(long).toEqual([]);
  });

  it('has no drawers', () => {
    expect(files.filter((file) => /(?:^|\/)(?:utils?|helpers?|types|misc|common)\.ts$/.test(file))).toEqual([]);
  });

  it('leaves nothing for later', () => {
    const later = new RegExp(`\\b(?:${['TO', 'DO'].join('')}|FIX${'ME'}|X${'XX'}|not implemented)\\b`);
    const wrong = sources
      .filter((file) => file !== 'test/tidy.test.ts')
      .flatMap((file) =>
        textOf(file)
          .split('\n')
          .filter((line) => later.test(line))
          .map((line) => `${file}: ${line.trim()}`),
      );
    expect(wrong).toEqual([]);
  });

  it('runs every test it has', () => {
    const skipped = /\b(?:it|test|describe)\.(?:skip|only|todo)\(/;
    const wrong = sources.filter(
      (file) => file.startsWith('test/') && file !== 'test/tidy.test.ts' && skipped.test(textOf(file)),
    );
    expect(wrong).toEqual([]);
  });

  it('names files in kebab-case', () => {
    expect(sources.filter((file) => !/^[a-z0-9]+(?:[-.][a-z0-9]+)*\.ts$/.test(basename(file)))).toEqual([]);
  });

  it('gives every error a code of its own', () => {
    const codes = errorCodes();
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it('knows every error that ends the command as wrong usage', () => {
    const codes = new Set(errorCodes());
    expect([...USAGE_CODES].filter((code) => !codes.has(code))).toEqual([]);
  });
});

function errorCodes(): readonly string[] {
  return sources
    .filter((file) => file.startsWith('lib/'))
    .flatMap((file) => [...textOf(file).matchAll(/readonly code = '(REFOLD_[A-Z_]+)'/g)].map((match) => match[1]!));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}
