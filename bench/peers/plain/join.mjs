import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

const [output, visits, pages] = process.argv.slice(2);
const ranks = new Map();
for await (const line of createInterface({ input: createReadStream(pages), crlfDelay: Infinity })) {
  const [url, rank] = line.split(',');
  ranks.set(url, Number(rank));
}
const sources = new Map();
for await (const line of createInterface({ input: createReadStream(visits), crlfDelay: Infinity })) {
  const [source, url, date, revenue] = line.split(',');
  if (date < '2021-01-01' || date >= '2024-01-01') continue;
  const rank = ranks.get(url);
  if (rank === undefined) continue;
  const sums = sources.get(source);
  if (sums) {
    sums.revenue += Number(revenue);
    sums.rank += rank;
    sums.visits++;
  } else {
    sources.set(source, { revenue: Number(revenue), rank, visits: 1 });
  }
}
const top = [...sources].sort(([, a], [, b]) => b.revenue - a.revenue).slice(0, 10);
const out = createWriteStream(output);
for (const [source, { revenue, rank, visits }] of top) out.write(`${source}\t${revenue}\t${rank / visits}\n`);
out.end();
