// Reads everything, cuts it into records, sorts them by their bytes and writes them.
import { readFileSync, writeFileSync } from 'node:fs';

const RECORD_BYTES = 100;

const [output, input] = process.argv.slice(2);
const bytes = readFileSync(input);
const records = [];
for (let at = 0; at < bytes.length; at += RECORD_BYTES) records.push(bytes.subarray(at, at + RECORD_BYTES));
records.sort(Buffer.compare);
writeFileSync(output, Buffer.concat(records));
