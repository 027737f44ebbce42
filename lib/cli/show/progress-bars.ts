import type { WriteStream } from 'node:tty';
import type { MultiBar, SingleBar } from 'cli-progress';
import type { PhaseTally } from './phase-tally.ts';
import type { ProgressView } from './progress.ts';

const NAME_COLUMNS = 16;
const REDRAW_INTERVAL_MS = 100;
/** A phase that is over sooner gets no bar. */
const SHOW_AFTER_MS = 300;

/** A bar a phase. The library is loaded when the first bar is due: a tiny job ends before. */
export function openBars(stream: WriteStream): ProgressView {
  let bars: MultiBar | undefined;
  let bar: SingleBar | undefined;
  let current: PhaseTally | undefined;
  let isClosed = false;
  const draw = (): void => {
    if (current !== undefined)
      bar?.update(Math.min(current.done, current.start.tasks), { detail: current.describe(performance.now()) });
  };
  const show = async (): Promise<void> => {
    const library = (await import('cli-progress')).default;
    if (isClosed || current === undefined || bar !== undefined) return;
    bars ??= new library.MultiBar({
      stream,
      format: '{name} {bar} {detail}',
      barsize: 24,
      barCompleteChar: '#',
      barIncompleteChar: '.',
      fps: 1000 / REDRAW_INTERVAL_MS,
      hideCursor: true,
      gracefulExit: false,
      linewrap: false,
      emptyOnZero: true,
    });
    const { name, start } = current;
    bar = bars.create(start.tasks, start.committed, { name: name.padEnd(NAME_COLUMNS).slice(0, NAME_COLUMNS), detail: '' });
    draw();
  };
  const timer = setInterval(() => {
    if (current === undefined) return;
    if (bar !== undefined) draw();
    else if (current.elapsedMs(performance.now()) > SHOW_AFTER_MS) void show();
  }, REDRAW_INTERVAL_MS);
  timer.unref();
  return {
    begin(tally) {
      current = tally;
    },
    changed() {},
    end(tally, nowMs) {
      bar?.update(Math.min(tally.done, tally.start.tasks), { detail: tally.describeEnd(nowMs) });
      bar?.stop();
      bar = undefined;
      current = undefined;
    },
    line(text) {
      if (bars === undefined) stream.write(`${text}\n`);
      else bars.log(`${text}\n`);
    },
    close() {
      isClosed = true;
      clearInterval(timer);
      bars?.stop();
    },
  };
}
