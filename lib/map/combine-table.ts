import type { StateColumn } from '../combine/combiner.ts';
import type { PartitionRule } from '../job/partitioner.ts';
import { ByteSink } from '../record/byte-sink.ts';
import { encodeKey } from '../record/key-encoder.ts';
import { KEY_TAG_BYTES, KEY_TAG_STRING } from '../record/key-format.ts';
import { keyPrefixEnd } from '../record/key-prefix.ts';
import { Slice } from '../record/slice.ts';
import type { RunCursor } from '../shuffle/run-cursor.ts';
import { keepsKey } from './arena.ts';
import { entryWordsOf, hashPacked, hashShort, KeyTable, SHORT_BYTES, SHORT_WORDS } from './key-table.ts';
import type { MapMemory } from './map-memory.ts';
import { RecordSort } from './record-sort.ts';
import { sortTable } from './table-cursor.ts';

export type CombineTableOptions = {
  readonly memory: MapMemory;
  readonly rule: PartitionRule;
  readonly states: StateColumn;
  /** The memory is full: write what `sorted` gives, then call `clear`. */
  readonly onFull: () => void;
  /** A key too long for the table, as a record of its own: bytes[start, keyEnd) is the key, bytes[keyEnd, end) its state. */
  readonly onLong: (bytes: Uint8Array, keyEnd: number, end: number) => void;
  /** Below so many keys a pair is looked up at once. @default 64 Ki */
  readonly directSlotsMax?: number;
};

/**
 * One state a distinct key: the map side of a job with a built-in combiner. Keys are packed into words, those of up to twelve bytes
 * without a loop, and looked up in a KeyTable.
 *
 * While the table fits the cache a pair is looked up at once. Beyond that pairs wait until there are 512 and are looked up together, which
 * halves the time a pair: 44 ns at 20 thousand keys, 150 ns at two million (bench/collect.bench.ts). Pairs whose value is no number never
 * wait, so an error belongs to the record in hand.
 *
 * All limits are counted, not measured: the same pairs always make the table full at the same pair.
 */
export class CombineTable {
  private readonly memory: MapMemory;
  private readonly rule: PartitionRule;
  private readonly states: StateColumn;
  private readonly onFull: () => void;
  private readonly onLong: (bytes: Uint8Array, keyEnd: number, end: number) => void;
  private readonly sort: RecordSort;

  private readonly table: KeyTable;
  private untilCheck = CHECK_PAIRS;
  /** Words that arena and table may take, beside the states of so many slots. */
  private roomWords = 0;
  private countedSlots = 0;
  private directSlotsMax: number;

  /** Keys that wait, each as words 1 … of its entry would be. `packedEnd` is behind the key packed last. */
  private waitingWords = new Int32Array(WAITING_WORDS);
  private readonly waitingStarts = new Int32Array(WAITING_PAIRS);
  private readonly waitingHashes = new Int32Array(WAITING_PAIRS);
  private readonly waitingValues = new Float64Array(WAITING_PAIRS);
  private readonly waitingSlots = new Int32Array(WAITING_PAIRS);
  private waiting = 0;
  private waitingEnd = 0;
  private packedEnd = 0;

  private sink = new ByteSink();
  /** The buffer that slices point into, and the one of the slice before: a view is made for a buffer seen twice. */
  private sourceBytes: Uint8Array = this.sink.bytes;
  private sourceView: DataView = this.sink.view;
  private lastBytes: Uint8Array = this.sink.bytes;

  constructor(options: CombineTableOptions) {
    this.memory = options.memory;
    this.rule = options.rule;
    this.states = options.states;
    this.onFull = options.onFull;
    this.onLong = options.onLong;
    this.sort = new RecordSort(options.memory, options.rule);
    this.table = new KeyTable(options.memory);
    this.directSlotsMax = options.directSlotsMax ?? DIRECT_SLOTS_MAX;
  }

  /** Hot: called once a pair. @throws UnencodableError, ShortKeyError, MixedSumError */
  emit(key: unknown, value: unknown): void {
    if (typeof value !== 'number') {
      this.emitValue(key, value);
      return;
    }
    if (this.rule.groupBy === 0) {
      if (typeof key === 'string') {
        this.emitString(key, value);
        return;
      }
      if (key instanceof Slice) {
        const bytes = key.bytes;
        const start = key.byteStart;
        const length = key.byteEnd - start;
        if (length > SHORT_BYTES || bytes !== this.sourceBytes || start + SHORT_BYTES > bytes.length) {
          this.emitSlice(key, value);
          return;
        }
        const view = this.sourceView;
        const mask = length * SHORT_WORDS;
        const word1 = view.getInt32(start, true) & SHORT_MASKS[mask]!;
        const word2 = view.getInt32(start + 4, true) & SHORT_MASKS[mask + 1]!;
        const word3 = view.getInt32(start + 8, true) & SHORT_MASKS[mask + 2]!;
        this.addShort((length + 1) | (KEY_TAG_BYTES << 24), word1, word2, word3, value);
        return;
      }
    }
    this.emitEncoded(key, value);
  }

  /** Looks up the pairs that wait. Before anything else is asked of the table. */
  flush(): void {
    const count = this.waiting;
    if (count === 0) return;
    const { table, waitingWords, waitingStarts, waitingHashes, waitingSlots } = this;
    table.findMany(count, waitingHashes, waitingWords, waitingStarts, waitingSlots);
    let applied = 0;
    let isCleared = false;
    for (let index = 0; index < count; index++) {
      const hash = waitingHashes[index]!;
      const start = waitingStarts[index]!;
      // What was not there may have come with this batch; what was there is gone when the batch filled the memory.
      let slot = waitingSlots[index]!;
      if (slot < 0 || isCleared) slot = table.find(hash, waitingWords, start);
      if (slot < 0) {
        if (!this.hasRoom(entryWordsOf(waitingWords[start]!))) {
          this.applyWaiting(applied, index);
          applied = index;
          isCleared = true;
          this.onFull();
        }
        slot = ~table.insert(hash, waitingWords, start);
      }
      waitingSlots[index] = slot;
    }
    this.applyWaiting(applied, count);
    this.waiting = 0;
    this.waitingEnd = 0;
    if (this.isFull()) this.onFull();
  }

  /** Everything held, sorted. Nothing may be asked of the table until `clear`, when the cursor ends. */
  sorted(): RunCursor {
    return sortTable(this.table, this.sort, this.states);
  }

  clear(): void {
    this.table.clear();
    this.states.clear();
    this.countedSlots = 0;
  }

  private emitString(key: string, value: number): void {
    const length = key.length;
    if (length <= SHORT_BYTES) {
      let word1 = 0;
      let word2 = 0;
      let word3 = 0;
      let units = 0;
      let index = 0;
      for (; index < length && index < 4; index++) {
        const unit = key.charCodeAt(index);
        units |= unit;
        word1 |= unit << (index << 3);
      }
      for (; index < length && index < 8; index++) {
        const unit = key.charCodeAt(index);
        units |= unit;
        word2 |= unit << ((index - 4) << 3);
      }
      for (; index < length; index++) {
        const unit = key.charCodeAt(index);
        units |= unit;
        word3 |= unit << ((index - 8) << 3);
      }
      if (units < 0x80) {
        this.addShort((length + 1) | (KEY_TAG_STRING << 24), word1, word2, word3, value);
        return;
      }
    }
    this.emitEncoded(key, value);
  }

  private emitSlice(key: Slice, value: number): void {
    const bytes = key.bytes;
    if (bytes !== this.sourceBytes && bytes === this.lastBytes) {
      this.sourceBytes = bytes;
      this.sourceView = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.lastBytes = bytes;
    const length = key.byteEnd - key.byteStart;
    if (!keepsKey(this.memory, length + 1)) {
      this.emitEncoded(key, value);
      return;
    }
    this.reserve(length + 1);
    const waiting = this.waitingWords;
    let to = this.waitingEnd;
    waiting[to++] = (length + 1) | (KEY_TAG_BYTES << 24);
    let from = key.byteStart;
    if (bytes === this.sourceBytes) {
      const view = this.sourceView;
      for (const wordsEnd = key.byteEnd - 3; from < wordsEnd; from += 4) waiting[to++] = view.getInt32(from, true);
    }
    this.packBytes(bytes, from, key.byteEnd, to);
    this.add(hashPacked(this.waitingWords, this.waitingEnd), value);
  }

  private emitEncoded(key: unknown, value: number): void {
    const keyEnd = this.encode(key);
    if (!keepsKey(this.memory, keyEnd)) {
      this.emitLongKey(keyEnd, value);
      return;
    }
    this.packEncoded(keyEnd);
    this.add(hashPacked(this.waitingWords, this.waitingEnd), value);
  }

  /** Values that are no number are looked up at once, and from the first one on numbers are too: they may not go together. */
  private emitValue(key: unknown, value: unknown): void {
    this.flush();
    this.directSlotsMax = Infinity;
    const keyEnd = this.encode(key);
    if (!keepsKey(this.memory, keyEnd)) {
      this.emitLongKey(keyEnd, value);
      return;
    }
    this.packEncoded(keyEnd);
    const { table, states, waitingWords } = this;
    const hash = hashPacked(waitingWords, 0);
    const slot = table.find(hash, waitingWords, 0);
    if (slot >= 0) {
      states.add(slot, value);
    } else {
      if (!this.hasRoom(entryWordsOf(waitingWords[0]!))) this.onFull();
      states.start(table.slots, value);
      table.insert(hash, waitingWords, 0);
    }
    if (this.isFull()) this.onFull();
  }

  private emitLongKey(keyEnd: number, value: unknown): void {
    this.flush();
    if (this.table.slots > 0) this.onFull();
    this.states.start(0, value);
    this.states.encode(0, this.sink);
    this.states.clear();
    this.onLong(this.sink.bytes, keyEnd, this.sink.length);
    this.sink = new ByteSink();
  }

  /** Into the sink. Answers its bytes. */
  private encode(key: unknown): number {
    const sink = this.sink;
    sink.length = 0;
    encodeKey(key, sink);
    if (this.rule.groupBy !== 0) keyPrefixEnd(sink.bytes, 0, sink.length, this.rule.groupBy);
    return sink.length;
  }

  private packEncoded(keyEnd: number): void {
    this.reserve(keyEnd);
    const at = this.waitingEnd;
    const bytes = this.sink.bytes;
    this.waitingWords[at] = keyEnd | (bytes[0]! << 24);
    this.packBytes(bytes, 1, keyEnd, at + 1);
  }

  /** The words of bytes[from, to) from `at` on, and what is missing to three words after `waitingEnd`. */
  private packBytes(bytes: Uint8Array, from: number, to: number, at: number): void {
    const waiting = this.waitingWords;
    let next = at;
    for (let byte = from; byte < to; byte += 4) {
      const end = Math.min(byte + 4, to);
      let word = 0;
      for (let index = byte; index < end; index++) word |= bytes[index]! << ((index - byte) << 3);
      waiting[next++] = word;
    }
    while (next <= this.waitingEnd + SHORT_WORDS) waiting[next++] = 0;
    this.packedEnd = next;
  }

  /** Room for the words of one more key. */
  private reserve(keyBytes: number): void {
    const words = (keyBytes >> 2) + SHORT_WORDS + 2;
    if (this.waitingEnd + words <= this.waitingWords.length) return;
    this.flush();
    if (words > this.waitingWords.length) this.waitingWords = new Int32Array(words * 2);
  }

  private addShort(head: number, word1: number, word2: number, word3: number, value: number): void {
    const hash = hashShort(head, word1, word2, word3);
    const waiting = this.waitingWords;
    const from = this.waitingEnd;
    const table = this.table;
    if (table.slots < this.directSlotsMax && from === 0) {
      const words = this.memory.words;
      const tableStart = table.start;
      const tableMask = table.mask;
      let at = hash >>> table.shift;
      for (;;) {
        const ref = words[tableStart + (at << 1) + 1]!;
        if (
          words[tableStart + (at << 1)] === hash &&
          words[ref + 1] === head &&
          words[ref + 2] === word1 &&
          words[ref + 3] === word2 &&
          words[ref + 4] === word3
        ) {
          this.states.addNumber(words[ref]!, value);
          if (--this.untilCheck === 0) this.check();
          return;
        }
        if (ref === 0) break;
        at = (at + 1) & tableMask;
      }
    } else if (from + SHORT_WORDS + 1 > waiting.length) {
      this.flush();
      this.addShort(head, word1, word2, word3, value);
      return;
    }
    waiting[from] = head;
    waiting[from + 1] = word1;
    waiting[from + 2] = word2;
    waiting[from + 3] = word3;
    this.packedEnd = from + 4;
    this.add(hash, value);
  }

  /** The key was packed at `waitingEnd`. */
  private add(hash: number, value: number): void {
    const table = this.table;
    if (table.slots < this.directSlotsMax && this.waiting === 0) {
      const slot = table.find(hash, this.waitingWords, 0);
      if (slot >= 0) {
        this.states.addNumber(slot, value);
      } else {
        if (!this.hasRoom(entryWordsOf(this.waitingWords[0]!))) this.onFull();
        this.states.startNumber(table.slots, value);
        table.insert(hash, this.waitingWords, 0);
      }
      if (--this.untilCheck === 0) this.check();
      return;
    }
    const index = this.waiting;
    this.waitingStarts[index] = this.waitingEnd;
    this.waitingHashes[index] = hash;
    this.waitingValues[index] = value;
    this.waitingEnd = this.packedEnd;
    this.waiting = index + 1;
    if (index + 1 === WAITING_PAIRS) this.flush();
  }

  /** States can grow without a new key: exact sums, collected values. */
  private check(): void {
    this.untilCheck = CHECK_PAIRS;
    if (this.isFull()) this.onFull();
  }

  private applyWaiting(from: number, to: number): void {
    const { states, waitingSlots, waitingValues } = this;
    for (let index = from; index < to; index++) {
      const slot = waitingSlots[index]!;
      if (slot >= 0) states.addNumber(slot, waitingValues[index]!);
      else states.startNumber(~slot, waitingValues[index]!);
    }
  }

  /**
   * Room for one more entry of so many words? States are counted for a few hundred slots more than there are, and anew when those are
   * taken or, by `isFull`, when states may have grown.
   */
  private hasRoom(entryWords: number): boolean {
    if (this.table.slots >= this.countedSlots) this.countStates();
    return this.table.wordsWith(entryWords) <= this.roomWords;
  }

  private isFull(): boolean {
    this.countStates();
    return this.table.wordsWith(0) > this.roomWords;
  }

  private countStates(): void {
    this.countedSlots = this.table.slots + COUNTED_SLOTS;
    const stateBytes = Math.max(0, this.states.bytesUsed(this.countedSlots) - STATE_BYTES_FREE);
    this.roomWords = (this.memory.byteLength - stateBytes) >> 2;
  }
}

/** By length 0 … 12: what stays of the three words. */
const SHORT_MASKS = Int32Array.from({ length: (SHORT_BYTES + 1) * SHORT_WORDS }, (_, at) => {
  const kept = Math.floor(at / SHORT_WORDS) - (at % SHORT_WORDS) * 4;
  return kept >= 4 ? -1 : kept <= 0 ? 0 : (1 << (8 * kept)) - 1;
});

/** Up to here waiting costs more than it saves: 45 against 63 ns a pair at 20 thousand keys, 75 each at 80 thousand, 219 against 95 at 160 thousand. */
const DIRECT_SLOTS_MAX = 64 * 1024;
/** The smallest columns of states are not counted, or the smallest memory would be full from the start. */
const STATE_BYTES_FREE = 128 * 1024;
const WAITING_PAIRS = 512;
const WAITING_WORDS = 16 * 1024;
const CHECK_PAIRS = 1024;
const COUNTED_SLOTS = 256;
