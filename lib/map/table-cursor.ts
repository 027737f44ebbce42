import type { NumberStates, StateColumn } from '../combine/combiner.ts';
import { ByteSink } from '../record/byte-sink.ts';
import type { RunCursor } from '../shuffle/run-cursor.ts';
import { entryKeyStart, KEY_LENGTH_MASK } from './arena.ts';
import type { MapMemory } from './map-memory.ts';
import type { RecordSort } from './record-sort.ts';
import { ASIDE_HIGH, entryBytesOf, FIRST_ENTRY, type TableProgram } from './table-program.ts';

export type SortTableOptions = {
  readonly memory: MapMemory;
  readonly program: TableProgram;
  readonly sort: RecordSort;
  /** Undefined where all states are in the column. */
  readonly numbers: NumberStates | undefined;
  readonly states: StateColumn;
};

/** Encoded states of up to seven bytes take the place of the state's number in their entry: seven bytes and, in the eighth, how many. */
const PACKED_BYTES_MAX = 7;
const PACKED_SHIFT = 24;
/** After so many longer ones in a row no more are tried. */
const UNPACKED_MAX = 256;

/**
 * Sorts the entries of a CombineTable and walks over them, each with its state as the value. The table is of no use after. Where all states
 * are in the column, those that are short when encoded are put into their entries in the order of both, so that the walk in key order has one
 * far read an entry and not several: it halves its time at two million keys (bench/collect.bench.ts).
 */
export function sortTable(options: SortTableOptions): RunCursor {
  const { memory, program, sort } = options;
  const { words } = memory;
  const count = program.entries.value;
  if (options.numbers === undefined) packStates(options, count);
  sort.begin(program.arenaEnd.value >> 2, count);
  for (let index = 0, entry = FIRST_ENTRY; index < count; index++) {
    // From its second word on an entry is what arena.ts says: a word, the head, the rest of the key.
    const ref = (entry >> 2) + 1;
    sort.put(index, ref);
    entry += entryBytesOf(words[ref + 1]! & KEY_LENGTH_MASK);
  }
  sort.sort();
  return new TableCursor(options);
}

function packStates({ memory, states }: SortTableOptions, count: number): void {
  const { words, bytes } = memory;
  const sink = new ByteSink(64);
  let unpacked = 0;
  for (let index = 0, entry = FIRST_ENTRY; index < count && unpacked < UNPACKED_MAX; index++) {
    sink.length = 0;
    states.encode(words[entry >> 2]! - 1, sink);
    if (sink.length <= PACKED_BYTES_MAX) {
      for (let at = 0; at < PACKED_BYTES_MAX; at++) bytes[entry + at] = sink.bytes[at]!;
      bytes[entry + PACKED_BYTES_MAX] = sink.length;
      unpacked = 0;
    } else {
      unpacked++;
    }
    entry += entryBytesOf(words[(entry >> 2) + 2]! & KEY_LENGTH_MASK);
  }
}

class TableCursor implements RunCursor {
  partition = 0;
  readonly keyBytes: Uint8Array;
  keyStart = 0;
  keyEnd = 0;
  valueBytes: Uint8Array;
  valueStart = 0;
  valueEnd = 0;
  readonly repeats = false;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly sort: RecordSort;
  private readonly numbers: NumberStates | undefined;
  private readonly states: StateColumn;
  private readonly sink = new ByteSink();
  private index = 0;

  constructor({ memory, sort, numbers, states }: SortTableOptions) {
    this.words = memory.words;
    this.doubles = new Float64Array(memory.wasm.buffer, 0, memory.byteLength >> 3);
    this.sort = sort;
    this.numbers = numbers;
    this.states = states;
    this.keyBytes = memory.bytes;
    this.valueBytes = this.sink.bytes;
  }

  next(): boolean {
    const { index, sort, words, sink } = this;
    if (index === sort.count) return false;
    sort.touchFrom(index);
    const starts = sort.partitionStarts;
    while (index >= starts[this.partition + 1]!) this.partition++;
    this.index = index + 1;
    const ref = sort.refAt(index);
    this.keyStart = entryKeyStart(ref);
    this.keyEnd = this.keyStart + (words[ref + 1]! & KEY_LENGTH_MASK);
    const high = words[ref]!;
    if (this.numbers === undefined && high >>> PACKED_SHIFT <= PACKED_BYTES_MAX) {
      this.valueBytes = this.keyBytes;
      this.valueStart = (ref - 1) * 4;
      this.valueEnd = this.valueStart + (high >>> PACKED_SHIFT);
      return true;
    }
    sink.length = 0;
    if (high === ASIDE_HIGH) this.states.encode(words[ref - 1]! - 1, sink);
    else this.numbers!.encode(this.doubles[ref >> 1]!, sink);
    this.valueBytes = sink.bytes;
    this.valueStart = 0;
    this.valueEnd = sink.length;
    return true;
  }
}
