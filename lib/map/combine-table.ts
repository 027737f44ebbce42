import type { NumberStates, StateColumn } from '../combine/combiner.ts';
import { assert } from '../errors.ts';
import type { PartitionRule } from '../job/partitioner.ts';
import { ByteSink } from '../record/byte-sink.ts';
import { encodeKey } from '../record/key-encoder.ts';
import { KEY_TAG_BYTES, KEY_TAG_STRING } from '../record/key-format.ts';
import { keyPrefixEnd } from '../record/key-prefix.ts';
import { Slice } from '../record/slice.ts';
import type { RunCursor } from '../shuffle/run-cursor.ts';
import { keepsKey } from './arena.ts';
import type { MapMemory } from './map-memory.ts';
import { RecordSort, SORT_ENTRY_WORDS } from './record-sort.ts';
import { sortTable } from './table-cursor.ts';
import {
  ASIDE_HIGH,
  BATCH_PAIRS,
  ENTRY_HEAD_BYTES,
  entryBytesOf,
  FOLDS,
  KEY_BYTES_STAGED_MAX,
  lateStart,
  openTableProgram,
  SHORT_BYTES,
  SHORT_ENTRY_BYTES,
  STAGING_AT,
  type TableProgram,
} from './table-program.ts';

export type CombineTableOptions = {
  readonly memory: MapMemory;
  readonly rule: PartitionRule;
  /** Undefined: all states are in the column. */
  readonly numbers: NumberStates | undefined;
  /** Of the same combiner, for what is no number. */
  readonly states: StateColumn;
  /** The memory is full: write what `sorted` gives, then call `clear`. */
  readonly onFull: () => void;
  /** A key too long for the table, as a record of its own: bytes[start, keyEnd) is the key, bytes[keyEnd, end) its state. */
  readonly onLong: (bytes: Uint8Array, keyEnd: number, end: number) => void;
};

/**
 * One state a distinct key: the map side of a job with a built-in combiner. `emit` only notes the pair, as an entry in a staging area; when
 * there are BATCH_PAIRS, combine-table.wat looks all of them up and folds the numbers. What is left, sums that are not exact and values that
 * are no numbers, goes into a StateColumn, and so do all states of a combiner that has no NumberStates. Pairs whose value is no number, or
 * NaN in such a column, never wait, so an error belongs to the record in hand.
 *
 * A pair to sum takes 24 ns at 20 thousand keys and 60 ns at two million (bench/collect.bench.ts).
 * All limits are counted, not measured: the same pairs always make the table full at the same pair.
 */
export class CombineTable {
  private readonly memory: MapMemory;
  private readonly rule: PartitionRule;
  private readonly numbers: NumberStates | undefined;
  private readonly fold: number;
  private readonly countsEach: boolean;
  private readonly states: StateColumn;
  private readonly onFull: () => void;
  private readonly onLong: (bytes: Uint8Array, keyEnd: number, end: number) => void;
  private readonly sort: RecordSort;
  private readonly program: TableProgram;
  /** All of the memory, the exchange too. */
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly bytes: Uint8Array;

  /** Pairs that wait lie in [stagingStart, stagedEnd). All are looked up when one starts at `stagedMax` or behind it. */
  private readonly stagingStart: number;
  private stagedEnd: number;
  private stagedMax: number;
  private readonly lateWord: number;
  /** States in the column. */
  private aside = 0;
  /** As the program has it: setting it there costs more than a pair. */
  private room: number;

  private sink = new ByteSink();
  /** The buffer that slices point into, and the one of the slice before: a view is made for a buffer seen twice. */
  private sourceBytes: Uint8Array = this.sink.bytes;
  private sourceView: DataView = this.sink.view;
  private lastBytes: Uint8Array = this.sink.bytes;
  /** Short slices that start before it are taken without a look at their end. 0 where keys are grouped. */
  private shortStartEnd = 0;

  constructor(options: CombineTableOptions) {
    const { memory } = options;
    this.memory = memory;
    this.rule = options.rule;
    this.numbers = options.numbers;
    this.fold = FOLDS[options.numbers?.fold ?? 'state'];
    this.countsEach = options.numbers?.countsEach ?? false;
    this.states = options.states;
    this.onFull = options.onFull;
    this.onLong = options.onLong;
    this.sort = new RecordSort(memory, options.rule);
    this.program = openTableProgram(memory);
    const { buffer } = memory.wasm;
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.stagingStart = memory.exchangeStart + STAGING_AT;
    this.stagedEnd = this.stagingStart;
    this.stagedMax = this.stagingStart + (BATCH_PAIRS - 1) * SHORT_ENTRY_BYTES;
    this.lateWord = lateStart(memory) >> 2;
    this.room = memory.byteLength;
  }

  /** Hot: called once a pair. @throws UnencodableError, ShortKeyError, MixedSumError */
  emit(key: unknown, value: unknown): void {
    if (key instanceof Slice && typeof value === 'number' && key.bytes === this.sourceBytes) {
      const start = key.byteStart;
      const length = key.byteEnd - start;
      if (length <= SHORT_BYTES && start < this.shortStartEnd) {
        const { words, sourceView, stagedEnd } = this;
        const at = stagedEnd >> 2;
        this.doubles[stagedEnd >> 3] = this.countsEach ? 1 : value;
        words[at + 2] = (length + 1) | (KEY_TAG_BYTES << 24);
        // What follows the key is cut off later.
        words[at + 3] = sourceView.getInt32(start, true);
        words[at + 4] = sourceView.getInt32(start + 4, true);
        words[at + 5] = sourceView.getInt32(start + 8, true);
        this.stagedEnd = stagedEnd + SHORT_ENTRY_BYTES;
        if (stagedEnd >= this.stagedMax) this.flush();
        return;
      }
    }
    if (this.countsEach) this.emitNumber(key, 1);
    else if (typeof value === 'number') this.emitNumber(key, value);
    else this.emitAlone(key, value);
  }

  /** Looks up the pairs that wait. Before anything else is asked of the table. */
  flush(): void {
    const end = this.stagedEnd;
    if (end === this.stagingStart) return;
    this.stagedEnd = this.stagingStart;
    this.combine(this.stagingStart, end);
  }

  /** Everything held, sorted. Nothing may be asked of the table until `clear`, when the cursor ends. */
  sorted(): RunCursor {
    const { memory, program, sort, numbers, states } = this;
    return sortTable({ memory, program, sort, numbers, states });
  }

  clear(): void {
    this.program.clear(0);
    this.setRoom(this.memory.byteLength);
    this.states.clear();
    this.aside = 0;
  }

  /** The same for a pair that must not wait, and from it on none does: numbers and other values may not go together. */
  emitAlone(key: unknown, value: unknown): void {
    this.flush();
    this.stagedMax = this.stagingStart;
    const keyEnd = this.encode(key);
    if (!keepsKey(this.memory, keyEnd)) {
      this.emitLongKey(keyEnd, value);
      return;
    }
    const isStaged = keyEnd <= KEY_BYTES_STAGED_MAX;
    const pair = isStaged ? this.stagingStart : this.stageAtArenaEnd(keyEnd);
    if (isStaged) this.stage(pair, keyEnd);
    this.addStaged(pair, value);
  }

  private emitNumber(key: unknown, value: number): void {
    if (this.rule.groupBy === 0 && typeof key === 'string') this.emitString(key, value);
    else if (this.rule.groupBy === 0 && key instanceof Slice) this.emitSlice(key, value);
    else this.emitEncoded(key, value);
  }

  private emitString(key: string, value: number): void {
    const length = key.length;
    if (length > SHORT_BYTES) {
      this.emitEncoded(key, value);
      return;
    }
    const { bytes, words, stagedEnd } = this;
    const from = stagedEnd + ENTRY_HEAD_BYTES;
    let units = 0;
    for (let index = 0; index < length; index++) {
      const unit = key.charCodeAt(index);
      units |= unit;
      bytes[from + index] = unit;
    }
    if (units >= 0x80) {
      this.emitEncoded(key, value);
      return;
    }
    words[(stagedEnd >> 2) + 2] = (length + 1) | (KEY_TAG_STRING << 24);
    this.doubles[stagedEnd >> 3] = value;
    this.stagedEnd = stagedEnd + SHORT_ENTRY_BYTES;
    if (stagedEnd >= this.stagedMax) this.flush();
  }

  /** A slice of a buffer that has no view yet, at its very end, or longer than SHORT_BYTES. */
  private emitSlice(key: Slice, value: number): void {
    const { bytes, byteStart, byteEnd } = key;
    if (bytes !== this.sourceBytes && bytes === this.lastBytes) {
      this.sourceBytes = bytes;
      this.sourceView = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.shortStartEnd = bytes.length - SHORT_BYTES + 1;
    }
    this.lastBytes = bytes;
    const keyBytes = byteEnd - byteStart + 1;
    if (keyBytes > KEY_BYTES_STAGED_MAX || bytes !== this.sourceBytes || !keepsKey(this.memory, keyBytes)) {
      this.emitEncoded(key, value);
      return;
    }
    const { words, sourceView, stagedEnd } = this;
    const end = stagedEnd + entryBytesOf(keyBytes);
    this.clearEnd(end);
    let to = (stagedEnd >> 2) + 2;
    words[to++] = keyBytes | (KEY_TAG_BYTES << 24);
    let from = byteStart;
    for (const wordsEnd = byteEnd - 3; from < wordsEnd; from += 4) words[to++] = sourceView.getInt32(from, true);
    for (let at = to << 2; from < byteEnd; from++) this.bytes[at++] = bytes[from]!;
    this.doubles[stagedEnd >> 3] = value;
    this.stagedEnd = end;
    if (stagedEnd >= this.stagedMax) this.flush();
  }

  private emitEncoded(key: unknown, value: number): void {
    const keyEnd = this.encode(key);
    if (!keepsKey(this.memory, keyEnd)) {
      this.emitLongKey(keyEnd, value);
      return;
    }
    if (keyEnd > KEY_BYTES_STAGED_MAX) {
      const pair = this.stageAtArenaEnd(keyEnd);
      if (this.numbers === undefined) {
        this.addStaged(pair, value);
        return;
      }
      this.doubles[pair >> 3] = value;
      this.combine(pair, pair + entryBytesOf(keyEnd));
      return;
    }
    const pair = this.stagedEnd;
    this.stagedEnd = this.stage(pair, keyEnd);
    this.doubles[pair >> 3] = value;
    if (pair >= this.stagedMax) this.flush();
  }

  /** One value, of the key staged at `pair`, into a state of the column. */
  private addStaged(pair: number, value: unknown): void {
    const { program, states } = this;
    let entry = program.find(pair);
    if (entry !== 0) {
      this.addAside(entry, value);
    } else {
      // The state first: when it throws, the key must not be there.
      states.start(this.aside, value);
      entry = program.insert(pair);
      if (entry === 0) {
        this.onFull();
        states.start(this.aside, value);
        entry = program.insert(pair);
        assert(entry !== 0, 'an empty table has room for a key');
      }
      this.moveAside(entry);
    }
    this.checkRoom();
  }

  private emitLongKey(keyEnd: number, value: unknown): void {
    this.flush();
    if (this.program.entries.value > 0) this.onFull();
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

  /** The encoded key as a pair at `pair`, without its value. Answers where it ends. */
  private stage(pair: number, keyEnd: number): number {
    const { words, bytes } = this;
    const source = this.sink.bytes;
    const end = pair + entryBytesOf(keyEnd);
    this.clearEnd(end);
    const from = pair + ENTRY_HEAD_BYTES - 1;
    for (let index = 1; index < keyEnd; index++) bytes[from + index] = source[index]!;
    words[(pair >> 2) + 2] = keyEnd | (source[0]! << 24);
    return end;
  }

  /** The same where its entry will lie if it is new: such keys may not fit the staging area. */
  private stageAtArenaEnd(keyEnd: number): number {
    const { program } = this;
    this.flush();
    const bytes = entryBytesOf(keyEnd);
    if (!this.hasRoom(bytes) && program.entries.value > 0) this.onFull();
    assert(this.hasRoom(bytes), 'an empty table has room for a key');
    const pair = program.arenaEnd.value;
    this.stage(pair, keyEnd);
    return pair;
  }

  /** Zeros for the last words of an entry, all of the key's where it is short. */
  private clearEnd(end: number): void {
    const { words } = this;
    words[(end >> 2) - 3] = 0;
    words[(end >> 2) - 2] = 0;
    words[(end >> 2) - 1] = 0;
  }

  private combine(pair: number, end: number): void {
    const { program, fold } = this;
    let at = program.combine(pair, end, fold);
    while (at < end) {
      this.takeLate();
      this.onFull();
      at = program.combine(at, end, fold);
    }
    if (program.lateCount.value === 0) return;
    this.takeLate();
    this.checkRoom();
  }

  /** Pairs that were left: their entries get a state in the column. */
  private takeLate(): void {
    const { program, words, lateWord } = this;
    const wordsEnd = lateWord + program.lateCount.value * 2;
    for (let word = lateWord; word < wordsEnd; word += 2) this.addAside(words[word]!, this.doubles[words[word + 1]! >> 3]!);
    program.lateCount.value = 0;
  }

  private addAside(entry: number, value: unknown): void {
    const { states, words } = this;
    const low = words[entry >> 2]!;
    if (words[(entry >> 2) + 1] !== ASIDE_HIGH) {
      states.startNumber(this.aside, this.doubles[entry >> 3]!);
      states.add(this.aside, value);
      this.moveAside(entry);
    } else if (low === 0) {
      states.start(this.aside, value);
      this.moveAside(entry);
    } else if (typeof value === 'number') {
      states.addNumber(low - 1, value);
    } else {
      states.add(low - 1, value);
    }
  }

  /** The state that was added to the column last is the entry's. */
  private moveAside(entry: number): void {
    this.words[entry >> 2] = ++this.aside;
    this.words[(entry >> 2) + 1] = ASIDE_HIGH;
  }

  /** States in the column take room, and can grow without a new key. */
  private checkRoom(): void {
    const stateBytes = Math.max(0, this.states.bytesUsed(this.aside) - STATE_BYTES_FREE);
    this.setRoom(Math.max(0, this.memory.byteLength - stateBytes));
    if (this.program.taken() > this.room) this.onFull();
  }

  private setRoom(room: number): void {
    if (room === this.room) return;
    this.room = room;
    this.program.room.value = room;
  }

  /** Is there room for a new entry of so many bytes? */
  private hasRoom(entryBytes: number): boolean {
    const { program, memory } = this;
    const sorting = (program.entries.value + 1) * SORT_ENTRY_WORDS * 4;
    return program.arenaEnd.value + entryBytes + Math.max(sorting, memory.byteLength - program.places.value) <= this.room;
  }
}

/** The smallest columns of states are not counted, or the smallest memory would be full from the start. */
const STATE_BYTES_FREE = 128 * 1024;
