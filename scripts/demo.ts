/**
 * npm run demo: counts the words of Moby Dick and of all State of the Union addresses with two workers, kills one of them on the way, and
 * shows that nothing is lost by it.
 */
import { createReadStream } from 'node:fs';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Receipt } from '../lib/output/receipt.ts';
import { run } from '../lib/run.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, '.refold', 'demo');
const input = join(folder, 'input');
const output = join(folder, 'output');

await rm(folder, { recursive: true, force: true });
const texts = await gatherTexts();
console.log(`Counting the words of ${texts} texts with two workers.`);
const job = await run(join(root, 'examples', 'word-count.ts'), {
  input,
  output,
  workers: 2,
  soloBytes: 0,
  splitBytes: 1024 * 1024,
  isNew: true,
  cwd: folder,
});
const watching = watch();
const { receipt } = await job.result();
await watching;
console.log('\nThe twenty most frequent words:');
for (const [word, times] of await topWords(20)) console.log(`${String(times).padStart(8)}  ${word}`);
printReceipt(receipt);

/** Copies the texts out of the packages; answers how many there are. */
async function gatherTexts(): Promise<number> {
  await mkdir(input, { recursive: true });
  let count = 0;
  for (const name of ['datasets-moby-dick', 'datasets-sotu']) {
    const data = join(root, 'node_modules', '@stdlib', name, 'data');
    for (const file of (await readdir(data)).filter((candidate) => candidate.endsWith('.txt'))) {
      await cp(join(data, file), join(input, `${name}-${file}`));
      count += 1;
    }
  }
  return count;
}

/** Prints a line a task, and kills the worker that begins the fifth. */
async function watch(): Promise<void> {
  let begun = 0;
  let ended = 0;
  for await (const event of job.events()) {
    if (event.kind === 'state' && event.next !== 'done') console.log(`- ${event.next}`);
    if (event.kind === 'task-begun') {
      begun += 1;
      if (begun === 5 && event.pid !== process.pid) {
        console.log(`  kill -9 ${event.pid}: the worker of ${event.role} task ${event.index} is gone`);
        process.kill(event.pid, 'SIGKILL');
      }
    }
    if (event.kind === 'task-ended') {
      ended += 1;
      console.log(
        `  ${event.role} task ${event.index} ${event.ok ? 'is done' : 'was lost and is tried again'} (${ended} attempts have ended)`,
      );
    }
  }
}

async function topWords(count: number): Promise<readonly (readonly [string, number])[]> {
  const words: (readonly [string, number])[] = [];
  for (const name of (await readdir(output)).filter((candidate) => candidate.startsWith('part-')).toSorted()) {
    for await (const line of createInterface({ input: createReadStream(join(output, name)) })) {
      const [word = '', times = '0'] = line.split('\t');
      words.push([word, Number(times)]);
    }
  }
  return words.toSorted((a, b) => b[1] - a[1]).slice(0, count);
}

function printReceipt({ steps, output: written, elapsedMs }: Receipt): void {
  const [step] = steps;
  if (step === undefined) return;
  const { map, reduce } = step;
  console.log(`
Receipt, over the attempts that were committed:
  ${map.recordsRead} records read = ${map.recordsMapped} mapped
  ${map.pairsEmitted} pairs emitted = ${reduce.recordsFetched} in segments + ${map.pairsCombined} combined away
  ${reduce.recordsFetched} pairs fetched = ${reduce.recordsDelivered} delivered + ${reduce.recordsCombined} combined + ${reduce.recordsSkipped} skipped
  ${reduce.pairsEmitted} pairs emitted = ${written.records} written, ${written.bytes} bytes in ${written.parts} parts
  map attempts: ${map.attempts.begun} begun = ${map.attempts.committed} committed + ${map.attempts.failed} failed + ${map.attempts.lost} lost + ${map.attempts.abandoned} abandoned
  ${(elapsedMs / 1000).toFixed(2)} s`);
}
