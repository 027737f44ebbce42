import { execFileSync } from 'node:child_process';
import { scryptSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type grep from '../../examples/grep.ts';
import type medianPerKey from '../../examples/median-per-key.ts';
import type secondarySort from '../../examples/secondary-sort.ts';
import type sessions from '../../examples/sessions.ts';
import type topN from '../../examples/top-n.ts';
import type totalSort from '../../examples/total-sort.ts';
import type twoSteps from '../../examples/two-steps.ts';
import type wordCount from '../../examples/word-count.ts';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { addresses, chapters, linesOf, rowsOf, tablePath, wordsOf } from './real-data.ts';
import { byKey, runExample, runJob } from './run-job.ts';

const weather = tablePath('seattle-weather.csv');
const flights = tablePath('flights-airport.csv');
const airports = tablePath('airports.csv');
const bookRequest = { input: chapters.glob, splitBytes: 300_000 };
const weatherRequest = { input: weather, splitBytes: 15_000 };

/** Values by key, in the order of their first appearance. */
function grouped<V>(pairs: Iterable<readonly [string, V]>): Map<string, V[]> {
  const groups = new Map<string, V[]>();
  for (const [key, value] of pairs) {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}

const totalOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);
const sorted = <V>(pairs: readonly (readonly [string, V])[]) => [...pairs].sort(byKey);

describe('the example', () => {
  it('word-count counts the words of a book', async () => {
    const pairs = await runExample<typeof wordCount>('word-count', bookRequest, 'inline too');
    const counts = new Map<string, number>();
    for (const word of chapters.files.flatMap(({ text }) => wordsOf(text))) counts.set(word, (counts.get(word) ?? 0) + 1);
    expect(counts.size).toBeGreaterThan(15_000);
    expect(sorted(pairs)).toEqual(sorted([...counts]));
  });

  it('word-count writes what tr, sort and uniq -c say of the same words', async () => {
    const folder = temporaryFolder();
    // tr works on bytes: the words of a text of ASCII letters are the same to both.
    const text = chapters.files.map((file) => file.text.replace(/[^ -~\n]/g, ' ')).join('');
    writeFileSync(join(folder, 'book.txt'), text);
    const { parts } = await runJob<typeof wordCount>(join(import.meta.dirname, '../../examples/word-count.ts'), {
      input: join(folder, 'book.txt'),
      soloBytes: 0,
      splitBytes: 300_000,
      reduceTasks: 4,
      workers: 2,
    });
    const script = "tr 'A-Z' 'a-z' < book.txt | tr -cs 'a-z' '\\n' | grep . | sort | uniq -c";
    const said = execFileSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
    const expected = linesOf(said).map((line) => line.trim().split(' ').toReversed().join('\t'));
    const lines = parts.flatMap(({ bytes }) => linesOf(bytes.toString()));
    expect(lines.sort()).toEqual(expected.sort());
  });

  it('inverted-index names the files of each word', async () => {
    const pairs = await runExample('inverted-index', bookRequest);
    const index = new Map<string, Set<string>>();
    for (const { name, text } of chapters.files) {
      for (const word of wordsOf(text)) index.set(word, (index.get(word) ?? new Set()).add(name));
    }
    const expected = [...index].map(([word, names]) => [word, [...names].sort().join(' ')] as const);
    expect(sorted(pairs as [string, string][])).toEqual(sorted(expected));
  });

  it('grep gives the matching lines, in the order of the files', async () => {
    const request = { ...bookRequest, params: { pattern: 'white whale' } };
    const pairs = await runExample<typeof grep>('grep', request, 'inline too');
    const lines = chapters.files.flatMap(({ text }) => linesOf(text));
    const matching = lines.filter((line) => /white whale/iu.test(line));
    expect(matching.length).toBeGreaterThan(50);
    expect(pairs.map(([, line]) => line)).toEqual(matching);
    const { parts, success } = await runJob<typeof grep>(join(import.meta.dirname, '../../examples/grep.ts'), request);
    expect(parts.map(({ bytes }) => bytes.toString()).join('')).toBe(matching.map((line) => `${line}\n`).join(''));
    expect(success.counters).toEqual({ lines: lines.length });
  });

  it('grep-count counts the lines of each file that hold a text', async () => {
    const pairs = await runExample('grep-count', { ...bookRequest, params: { needle: 'Ahab' } });
    const expected = chapters.files.flatMap(({ path, text }) => {
      const count = text.split('\n').filter((line) => line.includes('Ahab')).length;
      return count === 0 ? [] : [[path, count] as const];
    });
    expect(expected.length).toBeGreaterThan(50);
    expect(sorted(pairs as [string, number][])).toEqual(sorted(expected));
  });

  it('sum-per-key adds the rain of each month up, exactly', async () => {
    const pairs = await runExample('sum-per-key', weatherRequest);
    // A double times 2 ** 60 is a whole number here, so this sum is exact; Number rounds it once.
    const scaled = grouped(
      rowsOf(weather).map((row) => [row.date!.slice(0, 7), BigInt(Number(row.precipitation) * 2 ** 60)] as const),
    );
    const expected = [...scaled].map(([month, values]) => {
      return [month, Number(values.reduce((sum, value) => sum + value, 0n)) / 2 ** 60] as const;
    });
    expect(expected).toHaveLength(48);
    expect(sorted(pairs as [string, number][])).toEqual(sorted(expected));
  });

  it('mean-per-key gives days, mean and maximum', async () => {
    const pairs = await runExample('mean-per-key', weatherRequest);
    const groups = grouped(rowsOf(weather).map((row) => [row.weather!, row] as const));
    const expected = [...groups].map(([kind, rows]) => {
      const tenths = totalOf(rows.map((row) => Math.round(Number(row.temp_max) * 10)));
      const strongestWind = Math.max(...rows.map((row) => Number(row.wind)));
      return [kind, { days: rows.length, meanTemperature: tenths / 10 / rows.length, strongestWind }] as const;
    });
    expect(sorted(pairs as [string, unknown][])).toEqual(sorted(expected));
  });

  it('median-per-key gives the middle value', async () => {
    const pairs = await runExample<typeof medianPerKey>('median-per-key', weatherRequest);
    const groups = grouped(rowsOf(weather).map((row) => [row.weather!, Number(row.temp_max)] as const));
    expect(pairs).toHaveLength(groups.size);
    for (const [kind, median] of pairs) {
      const values = groups.get(kind)!.sort((a, b) => a - b);
      const middle = [values[Math.ceil(values.length / 2) - 1]!, values[Math.floor(values.length / 2)]!];
      expect(median).toBe((middle[0]! + middle[1]!) / 2);
    }
  });

  it('distinct-count counts the different words of each file', async () => {
    const pairs = await runExample('distinct-count', bookRequest);
    const expected = chapters.files.map(({ name, text }) => [name, new Set(wordsOf(text)).size] as const);
    expect(sorted(pairs as [string, number][])).toEqual(sorted(expected.filter(([, count]) => count > 0)));
  });

  it('top-n gives the three busiest routes from each airport, busiest first', async () => {
    const pairs = await runExample<typeof topN>('top-n', { input: flights, splitBytes: 20_000 });
    const routes = grouped(rowsOf(flights).map((row) => [row.origin!, [Number(row.count), row.destination!] as const]));
    for (const [origin, best] of grouped(pairs)) {
      const expected = routes
        .get(origin)!
        .sort((a, b) => b[0] - a[0] || (b[1] < a[1] ? -1 : 1))
        .slice(0, 3);
      expect(best).toEqual(expected);
    }
    expect(grouped(pairs).size).toBe(routes.size);
  });

  it('join gives the departures of each airport with its name', async () => {
    const pairs = await runExample('join', { input: { flights, airports }, splitBytes: 50_000 });
    const byIata = new Map(rowsOf(airports).map((row) => [row.iata!, row]));
    const expected = [...grouped(rowsOf(flights).map((row) => [row.origin!, Number(row.count)]))].flatMap(([iata, counts]) => {
      const airport = byIata.get(iata);
      return airport === undefined
        ? []
        : [[iata, { name: airport.name, state: airport.state, flights: totalOf(counts) }] as const];
    });
    expect(expected.length).toBeGreaterThan(200);
    expect(sorted(pairs as [string, unknown][])).toEqual(sorted(expected));
  });

  it('total-sort gives all airports from south to north, over all parts', async () => {
    const pairs = await runExample<typeof totalSort>('total-sort', { input: airports, splitBytes: 60_000 });
    const rows = rowsOf(airports).map((row) => [Number(row.latitude), [row.iata!, row.name!]] as const);
    // Stable: equal latitudes keep the order of the file.
    expect(pairs).toEqual(rows.sort((a, b) => a[0] - b[0]));
  });

  it('secondary-sort walks the prices of each share in the order of time', async () => {
    const stocks = tablePath('stocks.csv');
    const pairs = await runExample<typeof secondarySort>('secondary-sort', { input: stocks, splitBytes: 4_000 });
    const groups = grouped(rowsOf(stocks).map((row) => [row.symbol!, row] as const));
    const expected = [...groups].map(([symbol, rows]) => {
      const prices = rows.toSorted((a, b) => Date.parse(a.date!) - Date.parse(b.date!)).map((row) => Number(row.price));
      const steps = prices.slice(1).map((price, index) => (price > prices[index]! ? '+' : '-'));
      return [
        symbol,
        Math.max(
          ...steps
            .join('')
            .split('-')
            .map((run) => run.length),
        ),
      ] as const;
    });
    expect(sorted(pairs)).toEqual(sorted(expected));
  });

  it('sessions cuts what each user did at the pauses', async () => {
    const folder = temporaryFolder();
    const strikes = rowsOf(tablePath('birdstrikes.csv')).slice(0, 3_000);
    const events = strikes.map((row) => ({
      user: row['Aircraft Airline Operator']!,
      time: Date.parse(`${row['Flight Date']}T00:00Z`),
    }));
    const lines = events.map(({ user, time }) => `"${user.replaceAll('"', '""')}",${new Date(time).toISOString()}\n`);
    writeFileSync(join(folder, 'events.csv'), `user,time\n${lines.join('')}`);
    const day = 24 * 60;
    const input = join(folder, 'events.csv');
    const pairs = await runExample<typeof sessions>('sessions', { input, splitBytes: 40_000, params: { gapMinutes: 5 * day } });
    const expected = [...grouped(events.map(({ user, time }) => [user, time] as const))].flatMap(([user, times]) => {
      const ordered = times.toSorted((a, b) => a - b);
      const starts = ordered.flatMap((time, index) =>
        index === 0 || time - ordered[index - 1]! > 5 * day * 60_000 ? [index] : [],
      );
      return starts.map((start, index) => {
        const session = ordered.slice(start, starts[index + 1] ?? ordered.length);
        const minutes = (session.at(-1)! - session[0]!) / 60_000;
        return [user, { start: new Date(session[0]!), minutes, events: session.length }] as const;
      });
    });
    expect(expected.length).toBeGreaterThan(300);
    expect(sorted(pairs)).toEqual(sorted(expected));
  });

  it('two-steps gives the three most frequent long words of each decade', async () => {
    const pairs = await runExample<typeof twoSteps>('two-steps', { input: addresses.glob, splitBytes: 400_000 }, 'inline too');
    const decades = new Map<number, Map<string, number>>();
    for (const { text } of addresses.files) {
      const address = JSON.parse(text) as { year: number; text: string };
      const decade = Math.floor(address.year / 10) * 10;
      const counts = decades.get(decade) ?? new Map<string, number>();
      decades.set(decade, counts);
      for (const word of wordsOf(address.text)) if (word.length >= 8) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const expected = [...decades].flatMap(([decade, counts]) => {
      const best = [...counts].sort((a, b) => b[1] - a[1] || -byKey(a, b)).slice(0, 3);
      return best.map(([word, count]) => [decade, [count, word]] as const);
    });
    expect(expected).toHaveLength(15);
    expect([...pairs].sort((a, b) => a[0] - b[0])).toEqual(expected);
  });

  it('async-map makes a pseudonym for every line, in the order of the lines', async () => {
    const folder = temporaryFolder();
    const names = rowsOf(tablePath('stocks.csv'))
      .slice(0, 24)
      .map((row, index) => `${row.symbol} ${index % 7}`);
    writeFileSync(join(folder, 'names.txt'), `${names.join('\n')}\n`);
    const request = { input: join(folder, 'names.txt'), splitBytes: 60, params: { salt: 'pequod' } };
    const pairs = await runExample('async-map', request);
    const pseudonyms = new Map(names.map((name) => [name, scryptSync(name, 'pequod', 8).toString('hex')]));
    expect(pairs).toEqual(names.map((name) => [name, pseudonyms.get(name)]));
  });
});
