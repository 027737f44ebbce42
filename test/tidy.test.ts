import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));
const sources = files.filter((file) => file.endsWith('.ts'));
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

/** Which layer a file of lib is in: imports point from a higher number to the same or a lower one. */
function layerOf(file: string): number {
  if (file === 'lib/index.ts' || file === 'lib/run.ts') return 4;
  if (file.startsWith('lib/cli/')) return 4;
  if (file.startsWith('lib/local/') || file.startsWith('lib/aws/')) return 3;
  if (file.startsWith('lib/ports/') || file === 'lib/errors.ts') return 1;
  return 2;
}

function importsOf(file: string): readonly string[] {
  const specifiers = [...textOf(file).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1]!);
  return specifiers.map((specifier) => relative(root, resolve(root, dirname(file), specifier)));
}

describe('the repository', () => {
  it('imports one way: cli, then local and aws, then the engine, then ports', () => {
    const wrong = sources
      .filter((file) => file.startsWith('lib/'))
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => target.startsWith('lib/') && layerOf(target) > layerOf(file))
          .map((target) => `${file} imports ${target}`),
      );
    // run() of the public API loads the local adapters when it is called.
    expect(wrong.filter((line) => !line.startsWith('lib/run.ts'))).toEqual([]);
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
      .filter((file) => file.startsWith('lib/') && layerOf(file) <= 2)
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
      .filter(({ file, lines }) => lines > (HOT_FILES.has(file) ? 620 : 390));
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
    const codes = sources
      .filter((file) => file.startsWith('lib/'))
      .flatMap((file) => [...textOf(file).matchAll(/readonly code = '(REFOLD_[A-Z_]+)'/g)].map((match) => match[1]!));
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });
});

/** Hot files are one algorithm in flat arrays, read as a whole: see their headers. */
const HOT_FILES = new Set(['lib/map/combine-table.ts', 'lib/combine/exact-sum.ts']);

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}
