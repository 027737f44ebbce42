import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

const [output, input] = process.argv.slice(2);
const groups = new Map();
for await (const line of createInterface({ input: createReadStream(input), crlfDelay: Infinity })) {
  const [key, value] = line.split(',');
  const values = groups.get(key);
  if (values) values.push(Number(value));
  else groups.set(key, [Number(value)]);
}
const out = createWriteStream(output);
for (const [key, values] of groups) {
  values.sort((a, b) => a - b);
  const half = values.length >> 1;
  out.write(`${key}\t${values.length % 2 === 1 ? values[half] : (values[half - 1] + values[half]) / 2}\n`);
}
out.end();
