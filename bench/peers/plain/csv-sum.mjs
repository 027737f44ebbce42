import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

const [output, input] = process.argv.slice(2);
const sums = new Map();
for await (const line of createInterface({ input: createReadStream(input), crlfDelay: Infinity })) {
  const fields = line.split(',');
  const prefix = fields[0].slice(0, 6);
  sums.set(prefix, (sums.get(prefix) ?? 0) + Number(fields[3]));
}
const out = createWriteStream(output);
for (const [prefix, sum] of sums) out.write(`${prefix}\t${sum}\n`);
out.end();
