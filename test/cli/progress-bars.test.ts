import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteStream } from 'node:tty';
import { expect, it } from 'vitest';
import { PhaseTally } from '../../lib/cli/show/phase-tally.ts';
import { openBars } from '../../lib/cli/show/progress-bars.ts';

/** What a terminal of 120 columns is sent. */
function terminal(): { readonly stream: WriteStream; readonly sent: () => string } {
  const stream = new PassThrough();
  let sent = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    sent += text;
  });
  return { stream: Object.assign(stream, { isTTY: true, columns: 120 }) as unknown as WriteStream, sent: () => sent };
}

it('a phase that takes its time gets a bar with tasks, and lines go above it', async () => {
  const { stream, sent } = terminal();
  const view = openBars(stream);
  const tally = new PhaseTally({ role: 'map', step: 0, steps: 1, tasks: 8, committed: 2 }, performance.now());
  view.begin(tally);
  for (let tries = 0; !sent().includes('2/8 tasks') && tries < 200; tries++) await sleep(20);
  expect(sent()).toMatch(/map +#{6}\.{18} 2\/8 tasks/);
  view.line('[map 3] hello');
  tally.add({ kind: 'task-ended', role: 'map', step: 0, index: 3, ok: true }, performance.now());
  for (let tries = 0; !sent().includes('3/8 tasks') && tries < 200; tries++) await sleep(20);
  view.end(tally, performance.now());
  view.close();
  expect(sent()).toContain('[map 3] hello');
  expect(sent()).toMatch(/3\/8 tasks in [\d.]+ s/);
});

it('a phase that is over at once gets none', async () => {
  const { stream, sent } = terminal();
  const view = openBars(stream);
  const tally = new PhaseTally({ role: 'solo', step: 0, steps: 1, tasks: 1, committed: 0 }, performance.now());
  view.begin(tally);
  view.end(tally, performance.now());
  view.line('plain');
  await sleep(450);
  view.close();
  expect(sent()).toBe('plain\n');
});
