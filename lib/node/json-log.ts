import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

type Level = Parameters<Log['write']>[0];

/** Gives one JSON object a line, with its line end, to `writeLine`. Levels below `least` are dropped. */
export class JsonLog implements Log {
  readonly #writeLine: (line: string) => void;
  readonly #clock: Clock;
  readonly #least: number;

  constructor(options: { readonly writeLine: (line: string) => void; readonly clock: Clock; readonly least?: Level }) {
    this.#writeLine = options.writeLine;
    this.#clock = options.clock;
    this.#least = LEVELS.indexOf(options.least ?? 'info');
  }

  write(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (LEVELS.indexOf(level) < this.#least) return;
    const time = new Date(this.#clock.nowMs()).toISOString();
    this.#writeLine(`${JSON.stringify({ time, level, message, ...fields }, toPlain)}\n`);
  }
}

const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

/** Gives plain words to what JSON has none for. */
function toPlain(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return { name: value.name, message: value.message, ...('code' in value && { code: value.code }) };
  return value;
}
