import { assert, RefoldError } from '../errors.ts';
import type { InputStore } from '../ports/input-store.ts';
import { type ByteStream, StoredBytes } from './byte-stream.ts';
import { detectCompression, UnpackedBytes } from './decompress.ts';
import type { InputRange, RangeAccount, RangeSource, ReadRangeOptions, ScanWindow } from './reader.ts';

/**
 * Hands every record whose first byte lies in the range to the sink, in order. The next chunk is read while one is scanned; behind the range
 * only so much is read as its last record needs. Memory: two chunks, more only while a record is longer than that.
 * @throws BadRecordError, CorruptInputError, RecordTooLongError, what the store throws (InputChangedError, …), what the sink and `drain` throw
 */
export async function readRange<R>(options: ReadRangeOptions<R>): Promise<RangeAccount> {
  const reading = new RangeReading(options);
  try {
    return await reading.run();
  } finally {
    await reading.close();
  }
}

/** Whether `readRange` asks the store for the whole object with its first read, and for nothing else. */
export function isReadAtOnce({ chunkBytes = CHUNK_BYTES }: InputStore, { bytes, byteStart, byteEnd }: InputRange): boolean {
  return bytes > 0 && byteStart === 0 && byteEnd === bytes && bytes <= Math.min(chunkBytes, CHUNK_BYTES);
}

/** A record longer than memory is given for. */
export class RecordTooLongError extends RefoldError {
  override readonly name = 'RecordTooLongError';
  readonly code = 'REFOLD_RECORD_TOO_LONG';
  readonly retryable = false;
  readonly hint = 'Check that the reader fits the file: it may have no line ends at all.';
  constructor(values: { object: string; byte: number; recordBytesMax: number }, options?: ErrorOptions) {
    super(`${values.object}: the record at byte ${values.byte} is longer than ${values.recordBytesMax} bytes.`, values, options);
  }
}

class RangeReading<R> {
  private readonly options: ReadRangeOptions<R>;
  private readonly chunkBytes: number;
  private readonly recordBytesMax: number;
  private readonly window: ScanWindow;
  private stream: ByteStream;
  private isCompressed = false;
  /** The first byte that the window can't own. */
  private byteEnd: number;
  /** The object's first bytes, where the range does not start with them. */
  private head: Uint8Array = new Uint8Array(0);
  /** The byte of the object that the stream hands out next. */
  private position: number;
  private isAtEnd = false;
  /** The read under way. */
  private ahead: ReadAhead | undefined = undefined;
  /** The buffer that is not the window's. */
  private spare: Uint8Array = new Uint8Array(0);
  /** How long the last unfinished record was: what to expect of the next. */
  private carriedBytes = 0;

  constructor(options: ReadRangeOptions<R>) {
    const { range, input, chunkBytes = input.chunkBytes ?? CHUNK_BYTES, recordBytesMax = RECORD_BYTES_MAX } = options;
    this.options = options;
    this.chunkBytes = chunkBytes;
    this.recordBytesMax = recordBytesMax;
    this.byteEnd = range.byteEnd;
    // The byte before the range tells whether a line starts with it.
    this.position = Math.max(0, range.byteStart - 1);
    this.stream = new StoredBytes(input, range, this.position);
    const bytes = new Uint8Array(0);
    const byteBase = this.position;
    this.window = { object: range.key, bytes, byteBase, start: 0, end: 0, limit: 0, isLast: false, records: 0 };
  }

  async run(): Promise<RangeAccount> {
    const { scanner, range } = this.options;
    await this.open();
    const first = await scanner.findStart(this.source(), range.byteStart);
    const ownedStart = range.byteStart === 0 ? 0 : first;
    // An empty object is scanned too: to some readers it is a record.
    if (first >= this.byteEnd && range.bytes > 0) return this.account(ownedStart, first);
    await this.startAt(first);
    for (;;) {
      this.readAhead();
      this.options.onWindow(this.window.byteBase);
      if (await this.scanWindow()) return this.account(ownedStart, this.window.byteBase + this.window.start);
      await this.moveWindow();
    }
  }

  async close(): Promise<void> {
    await this.ahead?.done.catch(() => {});
    await this.stream.close();
  }

  private account(ownedStart: number, ownedEnd: number): RangeAccount {
    return { records: this.window.records, ownedStart, ownedEnd, compressed: this.isCompressed };
  }

  /** Reads the first window, and finds out whether the object is compressed. */
  private async open(): Promise<void> {
    const { input, range } = this.options;
    const { key, version, byteStart, bytes } = range;
    if (byteStart > 0) {
      const head = input.readRange(key, version, 0, Math.min(MAGIC_BYTES, bytes));
      [this.head] = await Promise.all([head, this.fillWindow(this.firstBytes())]);
      assert(detectCompression(this.head) === 'none', 'a compressed object is one range');
      return;
    }
    await this.fillWindow(this.firstBytes());
    const head = this.window.bytes.subarray(0, this.window.end);
    const compression = detectCompression(head);
    if (compression === 'none') return;
    assert(range.byteEnd === bytes, 'a compressed object is one range');
    this.stream = new UnpackedBytes(input, range, compression, head);
    this.isCompressed = true;
    this.byteEnd = Number.POSITIVE_INFINITY;
    this.position = 0;
    this.isAtEnd = false;
    this.window.end = 0;
    this.window.bytes = new Uint8Array(0);
    await this.fillWindow(this.chunkBytes);
  }

  private firstBytes(): number {
    const { range, reader } = this.options;
    const owned = this.byteEnd + TAIL_BYTES - this.position;
    if (reader.cuts === 'whole' && range.bytes <= this.recordBytesMax) return range.bytes;
    // No more than that: nothing is scanned before it is here.
    return Math.max(MAGIC_BYTES, Math.min(owned, this.chunkBytes, CHUNK_BYTES));
  }

  /** Appends up to `count` more bytes to the window. */
  private async fillWindow(count: number): Promise<void> {
    const { window } = this;
    const left = this.isCompressed ? count : Math.min(count, this.options.range.bytes - this.position);
    if (window.bytes.length < window.end + left) {
      const grown = new Uint8Array(window.end + left);
      grown.set(window.bytes.subarray(0, window.end));
      window.bytes = grown;
    }
    const read = left === 0 ? 0 : await this.stream.read(window.bytes, window.end, window.end + left);
    window.end += read;
    this.advance(read, left);
  }

  private advance(read: number, asked: number): void {
    this.position += read;
    this.isAtEnd = this.isCompressed ? read < asked : this.position >= this.options.range.bytes;
  }

  /** What `findStart` sees: the first window where that will do, else the store. */
  private source(): RangeSource {
    const { input, range } = this.options;
    const { window } = this;
    const read = async (byteStart: number, byteEnd: number): Promise<Uint8Array> => {
      const isInside = () => byteStart >= window.byteBase && (byteEnd <= window.byteBase + window.end || this.isAtEnd);
      if (byteStart === 0 && byteEnd <= this.head.length) return this.head.subarray(0, byteEnd);
      if (!isInside() && !this.isCompressed) {
        const end = Math.min(byteEnd, range.bytes);
        return byteStart < end ? input.readRange(range.key, range.version, byteStart, end) : new Uint8Array(0);
      }
      while (!isInside()) await this.fillWindow(Math.max(this.chunkBytes, window.end));
      return window.bytes.subarray(byteStart - window.byteBase, Math.min(byteEnd - window.byteBase, window.end));
    };
    return { object: range.key, bytes: this.isCompressed ? Number.POSITIVE_INFINITY : range.bytes, read };
  }

  /** Makes the window start at the range's first record, which may lie behind what was read. */
  private async startAt(first: number): Promise<void> {
    const { window } = this;
    if (first > window.byteBase + window.end) {
      assert(!this.isCompressed, 'a compressed object is read in order');
      this.stream = new StoredBytes(this.options.input, this.options.range, first);
      this.position = first;
      window.byteBase = first;
      window.end = 0;
      await this.fillWindow(this.firstBytes());
    }
    window.start = first - window.byteBase;
    window.limit = this.byteEnd - window.byteBase;
    window.isLast = this.isAtEnd;
  }

  /** True when the range's last record is handed out, false when more bytes are needed. */
  private async scanWindow(): Promise<boolean> {
    const { scanner, sink, drain, signal, isDone, onWait } = this.options;
    const { window } = this;
    for (;;) {
      const { start } = window;
      const next = scanner.scan(window, sink);
      const draining = drain();
      if (draining !== undefined) await draining;
      signal?.throwIfAborted();
      window.start = next;
      const isOver = next >= window.limit || isDone?.() === true || (window.isLast && next === window.end);
      assert(isOver || !window.isLast || next > start, 'a scanner takes or refuses the last bytes of an object');
      if (!isOver && next > start) continue;
      onWait?.();
      return isOver;
    }
  }

  /** Starts to read what the window needs next, into the spare buffer, behind room for what the window will leave over. */
  private readAhead(
    count = Math.min(Math.max(this.chunkBytes, this.carriedBytes), this.byteEnd + TAIL_BYTES - this.position),
  ): void {
    if (this.isAtEnd || count <= 0) return;
    const start = Math.min(Math.max(ROOM_BYTES, 2 * this.carriedBytes), this.position);
    const needed = start + count;
    if (this.spare.length < needed || this.spare.length > 4 * needed) this.spare = new Uint8Array(needed);
    const done = this.stream.read(this.spare, start, needed);
    done.catch(() => {}); // It is awaited when the window moves, or at the end.
    this.ahead = { done, start, count };
  }

  /** Puts what is left of the window before the bytes that were read ahead, and makes that the window. */
  private async moveWindow(): Promise<void> {
    const { window } = this;
    const left = window.bytes.subarray(window.start, window.end);
    if (left.length > this.recordBytesMax) {
      const { object, byteBase, start } = window;
      throw new RecordTooLongError({ object, byte: byteBase + start, recordBytesMax: this.recordBytesMax });
    }
    this.carriedBytes = left.length;
    // Behind the range, as much again as the record has shown so far.
    if (this.ahead === undefined) this.readAhead(Math.max(TAIL_BYTES, left.length));
    assert(this.ahead !== undefined, 'only the last window needs no more bytes');
    const { done, count } = this.ahead;
    let { start } = this.ahead;
    const read = await done;
    this.ahead = undefined;
    let bytes = this.spare;
    if (left.length > start) {
      bytes = new Uint8Array(left.length + read);
      bytes.set(this.spare.subarray(start, start + read), left.length);
      start = left.length;
    }
    bytes.set(left, start - left.length);
    this.spare = window.bytes;
    window.byteBase = this.position - start;
    window.bytes = bytes;
    window.start = start - left.length;
    window.end = start + read;
    window.limit = this.byteEnd - window.byteBase;
    this.advance(read, count);
    window.isLast = this.isAtEnd;
  }
}

/** A read into the spare buffer, from `start` on. */
type ReadAhead = { readonly done: Promise<number>; readonly start: number; readonly count: number };

const CHUNK_BYTES = 1024 * 1024;
const RECORD_BYTES_MAX = 512 * 1024 * 1024;
const MAGIC_BYTES = 4;
/** Read behind the range along with its last bytes: the rest of most records. */
const TAIL_BYTES = 4 * 1024;
/** Before each chunk, for what the window before it leaves over. */
const ROOM_BYTES = 64 * 1024;
