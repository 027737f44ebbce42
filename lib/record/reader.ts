import type { InputStore } from '../ports/input-store.ts';

/**
 * How bytes become records. Made by `lines()`, `csv()` and their like; opaque to users.
 * Stateless: `open` makes the scanner that holds an attempt's buffers.
 */
export type Reader<R> = {
  readonly kind: 'reader';
  /** The format's name, for messages. */
  readonly name: string;
  /**
   * `ranges`: an object may be cut anywhere. `whole`: one range an object. `pairs`: the input is another job's output.
   * A compressed object is one range whatever this says. The bytes of a `whole` reader's last window are its own, never reused.
   */
  readonly cuts: 'ranges' | 'whole' | 'pairs';
  open(): Scanner<R>;
};

/** One object's uncompressed bytes, for what a scanner must look at outside its range. */
export type RangeSource = {
  readonly object: string;
  /** Uncompressed length; Infinity while unknown, as for compressed objects. */
  readonly bytes: number;
  /** Bytes [byteStart, byteEnd), cut at the object's end. */
  read(byteStart: number, byteEnd: number): Promise<Uint8Array>;
};

/**
 * Takes one record; `at` is where it starts in the window's bytes. A record is valid until the sink returns, when the reader hands out
 * slices, else for ever. Answers false to pause the scan after this record.
 */
export type RecordSink<R> = (record: R, at: number) => boolean;

/** Bytes in memory that a scanner walks. One object, reused and changed between calls. */
export type ScanWindow = {
  object: string;
  bytes: Uint8Array;
  /** bytes[0] is this byte of the object. */
  byteBase: number;
  /** Where scanning starts: the first byte of a record. */
  start: number;
  end: number;
  /** Records that start at `limit` or later are not this range's; relative to `bytes` like `start` and `end`. May exceed `end`. */
  limit: number;
  /** True when `end` is the object's end: the last record needs no line end. */
  isLast: boolean;
  /** Raised by `scan` by the number of records that it handed out. */
  records: number;
};

/** Walks bytes and hands out records. One an attempt, never shared. */
export type Scanner<R> = {
  /** Called before the first scan of each range. Answers the first byte >= byteStart at which a record starts (a header is no record). */
  findStart(source: RangeSource, byteStart: number): Promise<number>;
  /**
   * Hands out every whole record between start and end, in order, until the sink says false or a record would start at the limit.
   * Answers the position of the first byte not handed out: where the next record starts. Answering `start` means: more bytes needed.
   * The next call goes on from there, in the same window or in one that has moved and grown, so a scanner may keep what it knows of the
   * unfinished record. Bytes between `start` and `end` never change but by moving.
   * @throws BadRecordError with the record's position
   */
  scan(window: ScanWindow, sink: RecordSink<R>): number;
};

/** One half-open byte range of one object, as a split lists it. */
export type InputRange = {
  readonly key: string;
  readonly version: string;
  /** Stored length of the whole object. */
  readonly bytes: number;
  readonly byteStart: number;
  readonly byteEnd: number;
};

/** What reading a range found. Over all ranges of an uncompressed object, [ownedStart, ownedEnd) tile [0, bytes). */
export type RangeAccount = {
  readonly records: number;
  /** Uncompressed bytes from the first record's start to the start of the first record that is not owned. */
  readonly ownedStart: number;
  readonly ownedEnd: number;
  readonly compressed: boolean;
};

export type ReadRangeOptions<R> = {
  readonly input: InputStore;
  readonly scanner: Scanner<R>;
  readonly reader: Reader<R>;
  readonly range: InputRange;
  readonly signal?: AbortSignal;
  /** Called once with the byte offset that `at` is relative to, each time the window moves: offset of the record = byteBase + at. */
  readonly onWindow: (byteBase: number) => void;
  readonly sink: RecordSink<R>;
  /** Awaited after a sink said false, and after each window: here asynchronous work drains. */
  readonly drain: () => Promise<void> | undefined;
  /** Called when the window's records are all handed on: before it waits for more bytes, and at the end. */
  readonly onWait?: () => void;
  /** Asked after each drain: true ends the reading before the range's end. */
  readonly isDone?: () => boolean;
  /** How much is read at a time, and read ahead. Default what the store says, else 1 MiB. */
  readonly chunkBytes?: number;
  /** A longer record is an error. Default 512 MiB, about the longest string there is. */
  readonly recordBytesMax?: number;
};
