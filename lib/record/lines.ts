import { isAscii, isUtf8 } from 'node:buffer';
import { decodeLatin1 } from './latin1.ts';
import { NEWLINE, RETURN } from './newline.ts';
import { findLineStart } from './object-start.ts';
import { checkOptionNames } from './option-names.ts';
import type { RangeSource, Reader, RecordSink, Scanner, ScanWindow } from './reader.ts';
import { checkEncoding, invalidUtf8, type TextEncoding } from './text-encoding.ts';
import { decodeUtf8 } from './utf8.ts';

export type LinesOptions = {
  /** @default 'utf-8' */
  readonly encoding?: TextEncoding;
};

/**
 * Every line as a string. A line ends at LF or CRLF, which are not part of it; a lone CR is data, and so is NUL. The last line needs no line
 * end. A byte order mark at the object's start is dropped. Bytes that are no UTF-8 are an error with their position, unless `encoding`
 * says otherwise.
 */
export function lines(options: LinesOptions = {}): Reader<string> {
  const { encoding = 'utf-8' } = options;
  checkOptionNames('lines()', options, ['encoding']);
  checkEncoding(encoding);
  return { kind: 'reader', name: 'lines', cuts: 'ranges', open: () => new LinesScanner(encoding) };
}

/**
 * Decodes a block of whole lines at once, a byte a character, and lets V8 cut it at the newlines: about 2 GB/s on lines of 100
 * bytes, where a native decoder call a line makes 0.44 (bench/readers.bench.ts). Only lines with a byte >= 0x80 are decoded on their own. A line that user code keeps can keep its
 * block alive, so blocks are small; that is what node:readline does too.
 */
export class LinesScanner implements Scanner<string> {
  private readonly encoding: TextEncoding;
  private readonly utf8Hint: string | undefined;
  /** How many bytes from the unfinished record's start are known to hold no newline. */
  private seen = 0;
  /** The block in hand; `lines[next]` is the next line to hand out, and starts where the next scan does. */
  private lines: readonly string[] = [];
  private next = 0;
  private isPaused = false;
  private blockKind: BlockKind = 'plain';
  private hasReturns = false;

  /** @param utf8Hint what to do about bytes that are no UTF-8, where the user has no choice of encodings */
  constructor(encoding: TextEncoding, utf8Hint?: string) {
    this.encoding = encoding;
    this.utf8Hint = utf8Hint;
  }

  findStart(source: RangeSource, byteStart: number): Promise<number> {
    this.seen = 0;
    this.lines = [];
    this.next = 0;
    return findLineStart(source, byteStart);
  }

  scan(window: ScanWindow, sink: RecordSink<string>): number {
    let start = window.start;
    this.isPaused = false;
    while (start < window.limit && start < window.end && !this.isPaused) {
      if (this.next === this.lines.length && !this.openBlock(window, start)) break;
      start = this.blockKind === 'plain' ? this.scanPlain(window, start, sink) : this.scanMixed(window, start, sink);
    }
    return start;
  }

  /** Lines whose characters are their bytes. Answers where the next line starts. */
  private scanPlain(window: ScanWindow, start: number, sink: RecordSink<string>): number {
    const { lines, hasReturns } = this;
    const { limit, end } = window;
    const first = this.next;
    let next = first;
    let goesOn = true;
    while (goesOn && next < lines.length && start < limit) {
      let line = lines[next++]!;
      const lineStart = start;
      start += line.length + 1;
      // Only the object's last line may have no newline; a CR at its end is data.
      if (hasReturns && start <= end && line.charCodeAt(line.length - 1) === RETURN) line = line.slice(0, -1);
      goesOn = sink(line, lineStart);
    }
    this.next = next;
    this.isPaused = !goesOn;
    window.records += next - first;
    return Math.min(start, end);
  }

  /** The same where some lines are not ASCII: those are decoded from their bytes, so that all others stay one byte a character. */
  private scanMixed(window: ScanWindow, start: number, sink: RecordSink<string>): number {
    const { lines, hasReturns } = this;
    const { bytes, limit, end } = window;
    const first = this.next;
    let next = first;
    let goesOn = true;
    while (goesOn && next < lines.length && start < limit) {
      let line = lines[next++]!;
      const lineStart = start;
      const newline = start + line.length;
      start = newline + 1;
      const hasReturn = hasReturns && newline < end && newline > lineStart && bytes[newline - 1] === RETURN;
      if (isAsciiIn(bytes, lineStart, newline)) line = hasReturn ? line.slice(0, -1) : line;
      else line = this.decode(window, lineStart, hasReturn ? newline - 1 : newline);
      goesOn = sink(line, lineStart);
    }
    this.next = next;
    this.isPaused = !goesOn;
    window.records += next - first;
    return Math.min(start, end);
  }

  private decode(window: ScanWindow, start: number, end: number): string {
    const { bytes } = window;
    if (this.blockKind === 'unchecked' && !isUtf8(bytes.subarray(start, end))) {
      throw invalidUtf8(window.object, window.byteBase, bytes, start, start, end, this.utf8Hint);
    }
    return decodeUtf8(bytes, start, end);
  }

  /** Takes the whole lines of the next bytes, at least one. False when more bytes are needed for that. */
  private openBlock(window: ScanWindow, start: number): boolean {
    const { bytes, end, isLast } = window;
    let blockEnd = Math.min(end, start + BLOCK_BYTES);
    const newline = blockEnd > start + this.seen ? bytes.lastIndexOf(NEWLINE, blockEnd - 1) : -1;
    if (newline >= start) {
      blockEnd = newline;
    } else {
      const first = bytes.indexOf(NEWLINE, Math.max(blockEnd, start + this.seen));
      if (first !== -1 && first < end) blockEnd = first;
      else if (isLast) blockEnd = end;
      else {
        this.seen = end - start;
        return false;
      }
    }
    const block = bytes.subarray(start, blockEnd);
    const text = decodeLatin1(bytes, start, blockEnd);
    this.lines = text.split('\n');
    this.next = 0;
    this.seen = 0;
    this.hasReturns = text.includes('\r');
    if (this.encoding === 'latin1' || isAscii(block)) this.blockKind = 'plain';
    else this.blockKind = this.encoding === 'replace' || isUtf8(block) ? 'checked' : 'unchecked';
    return true;
  }
}

function isAsciiIn(bytes: Uint8Array, start: number, end: number): boolean {
  let high = 0;
  for (let at = start; at < end; at++) high |= bytes[at]!;
  return high < 0x80;
}

type BlockKind = 'plain' | 'checked' | 'unchecked';
const BLOCK_BYTES = 64 * 1024;
