import { InvariantError } from '../errors.ts';
import type { EmitGate } from '../job/emit-gate.ts';
import type { PartitionRule } from '../job/partitioner.ts';
import { ByteSink } from '../record/byte-sink.ts';
import { encodeKey } from '../record/key-encoder.ts';
import { keyPrefixEnd } from '../record/key-prefix.ts';
import { Slice } from '../record/slice.ts';
import { encodeValue } from '../record/value-encoder.ts';
import type { RunCursor } from '../shuffle/run-cursor.ts';
import { ARENA_START, entryKeyStart, KEY_LENGTH_MASK, KEY_OFFSET, keepsKey } from './arena.ts';
import type { MapMemory } from './map-memory.ts';
import { RecordSort, SORT_ENTRY_WORDS } from './record-sort.ts';

export type SortBufferOptions = {
  readonly memory: MapMemory;
  readonly rule: PartitionRule;
  readonly gate: EmitGate;
  /** The memory is full: write what `sorted` gives, then call `clear`. */
  readonly onFull: () => void;
  /** A record too long for the memory: bytes[start, keyEnd) is the key, bytes[keyEnd, end) the value. Comes after `onFull`. */
  readonly onLong: (bytes: Uint8Array, keyEnd: number, end: number) => void;
};

/**
 * Every pair as it was emitted, until the memory is full: the map side of a job without built-in combiner. Keys and values are encoded
 * straight into the arena of `memory` (arena.ts), once, where their length is bounded beforehand: numbers, strings and bytes. Partitions and
 * sort prefixes are made when the memory is full, in one pass over the entries. Figures: bench/collect.bench.ts.
 */
export class SortBuffer {
  private readonly memory: MapMemory;
  private readonly rule: PartitionRule;
  private readonly gate: EmitGate;
  private readonly onFull: () => void;
  private readonly onLong: (bytes: Uint8Array, keyEnd: number, end: number) => void;
  private readonly sort: RecordSort;
  private records = 0;
  private arenaEnd = ARENA_START;
  /** Writes into the arena itself. */
  private readonly arena: ByteSink;
  private readonly sink = new ByteSink();

  constructor(options: SortBufferOptions) {
    this.memory = options.memory;
    this.rule = options.rule;
    this.gate = options.gate;
    this.onFull = options.onFull;
    this.onLong = options.onLong;
    this.sort = new RecordSort(options.memory, options.rule);
    this.arena = new ByteSink(0);
    this.arena.bytes = options.memory.bytes;
    this.arena.view = options.memory.view;
  }

  /** Hot: called once a pair. @throws UnencodableError, ShortKeyError */
  emit(key: unknown, value: unknown): void {
    const { memory, arena, arenaEnd } = this;
    const bound = bytesBound(key) + bytesBound(value);
    const free = memory.byteLength - (arenaEnd + (this.records + 1) * SORT_ENTRY_WORDS) * 4 - KEY_OFFSET;
    // NaN, for what has no bound, is not below anything.
    if (!(bound <= free && bound <= BOUND_BYTES_MAX)) {
      this.emitSlowly(key, value);
      return;
    }
    const keyStart = entryKeyStart(arenaEnd);
    arena.length = keyStart;
    encodeKey(key, arena);
    const keyEnd = arena.length;
    if (this.rule.groupBy !== 0) keyPrefixEnd(memory.bytes, keyStart, keyEnd, this.rule.groupBy);
    encodeValue(value, arena);
    if (arena.bytes !== memory.bytes) outgrown();
    this.addEntry(keyEnd - keyStart, arena.length - keyEnd);
  }

  /** The same for an encoded pair: bytes[start, keyEnd) is the key, bytes[keyEnd, end) the value. @throws ShortKeyError */
  emitEncoded(bytes: Uint8Array, start: number, keyEnd: number, end: number): void {
    if (this.rule.groupBy !== 0) keyPrefixEnd(bytes, start, keyEnd, this.rule.groupBy);
    if (end - start > COPIED_BYTES_MAX || !this.hasRoom(entryWords(keyEnd - start, end - keyEnd))) {
      this.place(bytes, start, keyEnd, end);
      return;
    }
    const { arena } = this;
    arena.length = entryKeyStart(this.arenaEnd);
    arena.append(bytes, start, end);
    this.addEntry(keyEnd - start, end - keyEnd);
  }

  /** Nothing waits here. */
  flush(): void {}

  /** Everything held, sorted: a cursor that is valid until `clear`. */
  sorted(): RunCursor {
    const { words } = this.memory;
    const { sort, records } = this;
    sort.begin(this.arenaEnd, records);
    for (let ref = ARENA_START, index = 0; index < records; index++) {
      sort.put(index, ref);
      ref += entryWords(words[ref + 1]! & KEY_LENGTH_MASK, words[ref]!);
    }
    sort.sort();
    return new BufferCursor(this.memory, sort);
  }

  clear(): void {
    this.records = 0;
    this.arenaEnd = ARENA_START;
  }

  /** The bytes are in the arena, behind the head that is still to be written. */
  private addEntry(keyBytes: number, valueBytes: number): void {
    const words = this.memory.words;
    const ref = this.arenaEnd;
    words[ref] = valueBytes;
    words[ref + 1] = (words[ref + 1]! & ~KEY_LENGTH_MASK) | keyBytes;
    this.arenaEnd = ref + entryWords(keyBytes, valueBytes);
    this.records++;
  }

  /** Encoded apart and copied: keys and values of no known length, and whatever meets the end of the memory. */
  private emitSlowly(key: unknown, value: unknown): void {
    const { gate, sink } = this;
    sink.length = 0;
    let keyEnd = 0;
    gate.beginEncoding();
    try {
      encodeKey(key, sink);
      keyEnd = sink.length;
      if (this.rule.groupBy !== 0) keyPrefixEnd(sink.bytes, 0, keyEnd, this.rule.groupBy);
      encodeValue(value, sink);
    } finally {
      gate.endEncoding();
    }
    this.place(sink.bytes, 0, keyEnd, sink.length);
    if (sink.bytes.length > SINK_BYTES_KEPT) {
      // A large value came by: its buffer is not kept.
      sink.bytes = new Uint8Array(1024);
      sink.view = new DataView(sink.bytes.buffer);
    }
  }

  /** Copies an encoded pair into the arena; makes room where there is none. */
  private place(bytes: Uint8Array, start: number, keyEnd: number, end: number): void {
    const { memory } = this;
    const pair = bytes.subarray(start, end);
    const keyBytes = keyEnd - start;
    const words = entryWords(keyBytes, end - keyEnd);
    if (!this.hasRoom(words) && this.records > 0) this.onFull();
    if (!keepsKey(memory, keyBytes) || !this.hasRoom(words)) {
      if (this.records > 0) this.onFull();
      this.onLong(pair, keyBytes, pair.length);
    } else {
      memory.bytes.set(pair, entryKeyStart(this.arenaEnd));
      this.addEntry(keyBytes, end - keyEnd);
    }
  }

  private hasRoom(words: number): boolean {
    return (this.arenaEnd + words + (this.records + 1) * SORT_ENTRY_WORDS) * 4 <= this.memory.byteLength;
  }
}

/** The buffer's entries in sorted order. */
class BufferCursor implements RunCursor {
  partition = 0;
  readonly keyBytes: Uint8Array;
  keyStart = 0;
  keyEnd = 0;
  readonly valueBytes: Uint8Array;
  valueStart = 0;
  valueEnd = 0;
  readonly repeats = false;
  private readonly memory: MapMemory;
  private readonly sort: RecordSort;
  private index = 0;

  constructor(memory: MapMemory, sort: RecordSort) {
    this.memory = memory;
    this.sort = sort;
    this.keyBytes = memory.bytes;
    this.valueBytes = memory.bytes;
  }

  next(): boolean {
    const index = this.index;
    const sort = this.sort;
    if (index === sort.count) return false;
    sort.touchFrom(index);
    const starts = sort.partitionStarts;
    while (index >= starts[this.partition + 1]!) this.partition++;
    const { words } = this.memory;
    const ref = sort.refAt(index);
    this.keyStart = entryKeyStart(ref);
    this.keyEnd = this.keyStart + (words[ref + 1]! & KEY_LENGTH_MASK);
    this.valueStart = this.keyEnd;
    this.valueEnd = this.keyEnd + words[ref]!;
    this.index = index + 1;
    return true;
  }
}

function entryWords(keyBytes: number, valueBytes: number): number {
  return (KEY_OFFSET + keyBytes + valueBytes + 3) >> 2;
}

/** At least the bytes that the encoded key or value takes; NaN when only encoding it can tell. */
function bytesBound(part: unknown): number {
  if (typeof part === 'number') return HEAD_BYTES;
  if (typeof part === 'string') return part.length * 3 + HEAD_BYTES;
  if (part instanceof Slice) return part.byteEnd - part.byteStart + HEAD_BYTES;
  if (part instanceof Uint8Array) return part.length + HEAD_BYTES;
  return Number.NaN;
}

function outgrown(): never {
  throw new InvariantError('keys and values are never longer than the bound that the sort buffer has for them');
}

/** Tag and length, or a whole number; long strings are encoded with 16 bytes to spare. */
const HEAD_BYTES = 40;
/** Of encoded pairs: longer ones may not be kept. */
const COPIED_BYTES_MAX = 4096;
/** Longer pairs may not be kept, and are looked at closely. */
const BOUND_BYTES_MAX = 1024 * 1024;
const SINK_BYTES_KEPT = 1024 * 1024;
