import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { writeHotKey } from './generators/hot-key.ts';
import { writeLogLines } from './generators/log-lines.ts';
import { writeRecords } from './generators/records.ts';
import { RowWriter, type Written } from './generators/row-writer.ts';
import { writePages, writeVisits } from './generators/visits.ts';
import { writeText } from './generators/words.ts';

const TEN_LINES_BYTES = 850;

/** Each fills about `bytes`; `pages` is what goes with that many bytes of visits. */
const generators = {
  'text-few': (rows: RowWriter, bytes: number) => writeText(rows, bytes, 20_000),
  'text-many': (rows: RowWriter, bytes: number) => writeText(rows, bytes, 2_000_000),
  visits: writeVisits,
  pages: writePages,
  records: writeRecords,
  'hot-key': writeHotKey,
  'log-lines': writeLogLines,
  'ten-lines': (rows: RowWriter) => writeText(rows, TEN_LINES_BYTES, 20_000),
} as const;

export type DataSetName = keyof typeof generators;

/** A generated file. The same name and size are the same bytes on every machine. */
export type DataSet = Written & { readonly name: DataSetName; readonly path: string };

/**
 * The file of that name and size in `folder`, made if it is not there, or if the generators or its bytes have changed. Reads the whole
 * file, so afterwards it is in the page cache.
 */
export async function openDataSet(folder: string, name: DataSetName, bytes: number): Promise<DataSet> {
  const path = join(folder, `${name}-${bytes}.txt`);
  const notePath = `${path}.json`;
  const generation = generatorsSha256();
  if (existsSync(path) && existsSync(notePath)) {
    const note = JSON.parse(readFileSync(notePath, 'utf8')) as Written & { generation: string };
    if (note.generation === generation && note.sha256 === (await sha256Of(path))) return { ...note, name, path };
  }
  mkdirSync(folder, { recursive: true });
  const rows = new RowWriter(`${path}.part`);
  generators[name](rows, bytes);
  const written = rows.close();
  renameSync(`${path}.part`, path);
  writeFileSync(notePath, JSON.stringify({ ...written, generation }));
  return { ...written, name, path };
}

function generatorsSha256(): string {
  const folder = join(import.meta.dirname, 'generators');
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, file)));
  return hash.digest('hex');
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
