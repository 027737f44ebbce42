import { createReadStream, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [output, input, needle] = process.argv.slice(2);
let count = 0;
for await (const line of createInterface({ input: createReadStream(input), crlfDelay: Infinity })) {
  if (line.includes(needle)) count++;
}
writeFileSync(output, `${needle}\t${count}\n`);
