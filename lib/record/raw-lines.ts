import { NeedleMemory } from './needle-memory.ts';
import { nextNewline, RETURN, wordsOf } from './newline.ts';
import { findLineStart } from './object-start.ts';
import type { RangeSource, Reader, RecordSink, Scanner, ScanWindow } from './reader.ts';
import { Slice } from './slice.ts';

/**
 * Every line as bytes, in one Slice that is moved along: valid until `map` returns. A line ends at LF or CRLF, which are not part of it; a
 * lone CR is data, and so is NUL. A byte order mark at the object's start is dropped. The fastest way to read text: no string is made.
 */
export function rawLines(): Reader<Slice> {
  return { kind: 'reader', name: 'rawLines', cuts: 'ranges', open: () => new RawLinesScanner() };
}

class RawLinesScanner implements Scanner<Slice> {
  private readonly slice = new Slice(new Uint8Array(0));
  private readonly memory = new NeedleMemory();
  private words: Int32Array = new Int32Array(0);
  /** How many bytes from the unfinished record's start are known to hold no newline. */
  private seen = 0;

  constructor() {
    this.slice.memory = this.memory;
  }

  findStart(source: RangeSource, byteStart: number): Promise<number> {
    this.seen = 0;
    this.memory.reset();
    return findLineStart(source, byteStart);
  }

  scan(window: ScanWindow, sink: RecordSink<Slice>): number {
    const { bytes, end, limit, isLast } = window;
    const { slice } = this;
    if (slice.bytes !== bytes) this.words = wordsOf(bytes);
    const { words } = this;
    slice.bytes = bytes;
    this.memory.moveWindow(bytes, window.byteBase, end);

    let start = window.start;
    let at = start + this.seen;
    let records = 0;
    this.seen = 0;
    while (start < limit && start < end) {
      const newline = nextNewline(bytes, words, at, end);
      if (newline === end && !isLast) {
        this.seen = end - start;
        break;
      }
      slice.byteStart = start;
      slice.byteEnd = newline > start && newline < end && bytes[newline - 1] === RETURN ? newline - 1 : newline;
      const recordStart = start;
      start = newline < end ? newline + 1 : end;
      at = start;
      records += 1;
      if (!sink(slice, recordStart)) break;
    }
    window.records += records;
    return start;
  }
}
