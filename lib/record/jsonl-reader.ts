import { BadRecordError } from '../errors.ts';
import { LinesScanner } from './lines.ts';
import type { RangeSource, Reader, RecordSink, Scanner, ScanWindow } from './reader.ts';

/**
 * A JSON value a line, UTF-8. Blank lines (nothing but spaces, tabs and CR) are no records, wherever they stand; any other line that is no
 * JSON is an error with its position. Numbers are doubles, as `JSON.parse` makes them. The type is the caller's word: nothing checks it.
 */
export function jsonlReader<T = unknown>(): Reader<T> {
  return { kind: 'reader', name: 'jsonl', cuts: 'ranges', open: () => new JsonlScanner<T>() };
}

class JsonlScanner<T> implements Scanner<T> {
  private readonly lines = new LinesScanner('utf-8', 'Convert the file to UTF-8: JSON is always UTF-8.');
  private window: ScanWindow | undefined;
  private sink: RecordSink<T> = () => true;
  private blankLines = 0;

  findStart(source: RangeSource, byteStart: number): Promise<number> {
    return this.lines.findStart(source, byteStart);
  }

  scan(window: ScanWindow, sink: RecordSink<T>): number {
    this.window = window;
    this.sink = sink;
    this.blankLines = 0;
    const next = this.lines.scan(window, this.takeLine);
    window.records -= this.blankLines;
    return next;
  }

  /** One function an attempt, not one a scan. */
  private readonly takeLine = (line: string, at: number): boolean => {
    if (line.length === 0 || (line.charCodeAt(0) <= 0x20 && BLANK.test(line))) {
      this.blankLines += 1;
      return true;
    }
    return this.sink(this.parse(line, at), at);
  };

  private parse(line: string, at: number): T {
    try {
      return JSON.parse(line);
    } catch (error) {
      const { object, byteBase } = this.window!;
      const reason = `it is no JSON: ${error instanceof Error ? error.message : String(error)}`;
      const hint = 'Repair the line, or read the file with lines() and decide yourself.';
      throw new BadRecordError({ object, byte: byteBase + at, reason, hint }, { cause: error });
    }
  }
}

const BLANK = /^[ \t\r]*$/;
