import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Job, type JobOptions, run } from 'refold';
import { expect } from 'vitest';
import type { SuccessFile } from '../../../lib/output/success-file.ts';
import { partsOf } from '../../jobs/run-job.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import type { Deployed, Files, Part } from './deployed.ts';

/** A job that is run twice: here, and where it is deployed. */
export type ComparedJob = {
  readonly jobFile: string;
  /** One input, or several by their names. */
  readonly input: Files | { readonly named: Readonly<Record<string, Files>> };
  readonly options: JobOptions;
  readonly params?: Readonly<Record<string, string | number | boolean>>;
};

/** Content that must not depend on where a job ran. */
export type Content = {
  readonly parts: readonly Part[];
  readonly counters: SuccessFile['counters'];
  readonly records: readonly number[];
};

/** Runs it on this machine over the same files, in folders of the same names. */
export async function runLocally({ jobFile, input, options, params }: ComparedJob): Promise<Content> {
  const folder = temporaryFolder();
  const inputs = 'named' in input ? (input.named as Readonly<Record<string, Files>>) : { '': input as Files };
  const locations: Record<string, string> = {};
  for (const [name, files] of Object.entries(inputs)) {
    const inputFolder = join(folder, 'in', name);
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(dirname(join(inputFolder, file)), { recursive: true });
      writeFileSync(join(inputFolder, file), content);
    }
    locations[name] = inputFolder;
  }
  const job = await run<Job>(jobFile, {
    cwd: folder,
    input: 'named' in input ? locations : locations['']!,
    output: 'out',
    workers: 2,
    ...options,
    ...(params && { params }),
  });
  const success = await job.result();
  return contentOf(partsOf(join(folder, 'out')), success);
}

export async function contentOnAws(deployed: Deployed, output: string): Promise<Content> {
  const success = JSON.parse((await deployed.read(`${output}/_SUCCESS`)).toString()) as SuccessFile;
  return contentOf(await deployed.parts(output), success);
}

/** The same parts, byte for byte, and the same account. */
export function expectSameContent(there: Content, here: Content): void {
  expect(there.parts.map(({ name, bytes }) => [name, bytes.length])).toEqual(
    here.parts.map(({ name, bytes }) => [name, bytes.length]),
  );
  for (const [index, { name, bytes }] of there.parts.entries()) {
    expect(bytes.equals(here.parts[index]!.bytes), `${name} is the same byte for byte`).toBe(true);
  }
  expect(there.counters).toEqual(here.counters);
  expect(there.records).toEqual(here.records);
}

function contentOf(parts: readonly Part[], { counters, parts: accounts }: SuccessFile): Content {
  return { parts, counters, records: accounts.map((account) => account.records) };
}
