import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { addresses, chapters, linesOf, tablePath } from '../../jobs/real-data.ts';
import { type ComparedJob, contentOnAws, expectSameContent, runLocally } from '../harness/compare-with-local.ts';
import { Deployed, type Files } from '../harness/deployed.ts';

const deployed = new Deployed();
afterAll(() => deployed.close());

const example = (name: string) => join(import.meta.dirname, '../../../examples', `${name}.ts`);

/** The book in pieces of a few paragraphs: hundreds of objects. */
const bookPieces = Object.fromEntries(
  chapters.files.flatMap(({ name, text }) =>
    cut(linesOf(text), 15).map((lines, index) => [`${name}.${index}.txt`, `${lines.join('\n')}\n`]),
  ),
);

/** Each piece with the table's header. */
function tablePieces(name: string, rowsEach: number): Files {
  const [header = '', ...rows] = linesOf(readFileSync(tablePath(name), 'utf8'));
  return Object.fromEntries(
    cut(rows, rowsEach).map((lines, index) => [`${String(index).padStart(4, '0')}.csv`, [header, ...lines, ''].join('\n')]),
  );
}

function cut<T>(items: readonly T[], length: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / length) }, (_, index) =>
    items.slice(index * length, (index + 1) * length),
  );
}

/** Runs it deployed and here, and holds the content to be the same. Answers the receipt's steps. */
async function compare(name: string, job: Omit<ComparedJob, 'jobFile'>) {
  const compared = { ...job, jobFile: example(name) };
  const output = deployed.outputUri(deployed.name(name));
  const here = runLocally(compared);
  const submitted = await deployed.submit({ ...compared, output });
  const success = await submitted.result();
  expectSameContent(await contentOnAws(deployed, output), await here);
  return success.receipt.steps;
}

describe('a deployed job gives what the local run gives', () => {
  it('counting words of hundreds of objects', async () => {
    expect(Object.keys(bookPieces).length).toBeGreaterThan(300);
    const steps = await compare('word-count', {
      input: bookPieces,
      options: { soloBytes: 0, splitBytes: 100_000, reduceTasks: 4 },
    });
    expect(steps[0]?.map.tasks).toBeGreaterThan(10);
  });

  it('whole in one sandbox, where the input is small', async () => {
    const steps = await compare('word-count', { input: bookPieces, options: { splitBytes: 100_000, reduceTasks: 4 } });
    expect(steps[0]).toMatchObject({ map: { tasks: 0 }, reduce: { tasks: 1 } });
  });

  it('joining two tables', async () => {
    const named = { flights: tablePieces('flights-airport.csv', 50), airports: tablePieces('airports.csv', 30) };
    expect(Object.keys({ ...named.flights, ...named.airports }).length).toBeGreaterThan(100);
    await compare('join', { input: { named }, options: { soloBytes: 0, splitBytes: 40_000, reduceTasks: 3 } });
  });

  it('sorting all records by ranges of a sample', async () => {
    const input = tablePieces('airports.csv', 20);
    await compare('total-sort', { input, options: { soloBytes: 0, splitBytes: 40_000, reduceTasks: 4 } });
  });

  it('finding medians', async () => {
    const input = tablePieces('seattle-weather.csv', 10);
    await compare('median-per-key', { input, options: { soloBytes: 0, splitBytes: 8_000, reduceTasks: 3 } });
  });

  it('walking the values of each key in order', async () => {
    const input = tablePieces('stocks.csv', 20);
    await compare('secondary-sort', { input, options: { soloBytes: 0, splitBytes: 3_000, reduceTasks: 3 } });
  });

  it('in two steps', async () => {
    const input = Object.fromEntries(addresses.files.map(({ name, text }) => [name, text]));
    await compare('two-steps', { input, options: { soloBytes: 0, splitBytes: 300_000, reduceTasks: 3 } });
  });

  it('without a reduce, with params', async () => {
    const params = { pattern: 'white whale' };
    await compare('grep', { input: bookPieces, options: { soloBytes: 0, splitBytes: 200_000 }, params });
  });
});
