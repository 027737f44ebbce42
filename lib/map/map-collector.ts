import type { BuiltinCombiner } from '../combine/combiner.ts';
import { assert } from '../errors.ts';
import type { CombineFunction } from '../job/define-job.ts';
import { EmitGate } from '../job/emit-gate.ts';
import { type Partitioner, type PartitionRule, partitionOf } from '../job/partitioner.ts';
import type { Scratch } from '../ports/scratch.ts';
import type { RunCursor } from '../shuffle/run-cursor.ts';
import type { SegmentWriter } from '../shuffle/segment-writer.ts';
import { CombineCopy } from './combine-copy.ts';
import { CombineTable } from './combine-table.ts';
import { type MapMemory, returnMemory, takeMemory } from './map-memory.ts';
import { FoldCopy, PlainCopy, type RunCopy } from './run-copy.ts';
import { SortBuffer } from './sort-buffer.ts';
import { Spills } from './spill.ts';

export type MapCollectorOptions = {
  readonly partitions: number;
  /** Elements of a tuple key that group; 0 = the whole key. */
  readonly groupBy: number;
  readonly partition: Partitioner;
  /** For `range()`: see `chooseBoundaries`. */
  readonly boundaries: readonly Uint8Array[];
  readonly combiner: BuiltinCombiner<unknown, unknown> | CombineFunction<unknown, unknown> | undefined;
  /** Decides when to spill, and so where a user's combine function runs. */
  readonly memoryBytes: number;
  readonly scratch: Scratch;
};

/** Takes the pairs of one map attempt and leaves them sorted. Not to be shared. */
export interface MapCollector {
  /**
   * Takes one pair, encoded before it returns. Needs no `this`. After a throw of UnencodableError or ShortKeyError the pair was not
   * taken and the collector goes on; after any other the attempt is over.
   * @throws UnencodableError, ShortKeyError, MixedSumError, UserCodeError and CombinerKeyError of combine, ScratchFullError, LateEmitError,
   * NestedEmitError
   */
  readonly emit: (key: unknown, value: unknown) => void;
  /** The same for an encoded pair: bytes[start, keyEnd) is the key, bytes[keyEnd, end) the value. Undefined with a built-in combiner. */
  readonly emitEncoded: ((bytes: Uint8Array, start: number, keyEnd: number, end: number) => void) | undefined;
  /** Closed while user code of a combine function runs, and from `finish` on: a pair would come too late. */
  readonly gate: EmitGate;
  /** Pairs taken. */
  readonly emitted: number;
  /** Pairs that combining did away with: emitted less those in the segment. Counted by `finish`. */
  readonly combined: number;
  readonly spills: number;
  /** Writes all records in order, once. `drain` is asked every few hundred KiB; what it answers is awaited. */
  finish(writer: SegmentWriter, drain: () => Promise<void> | undefined): Promise<void>;
  /** Gives the memory back, in any state. Nothing may be called after. */
  release(): void;
}

/** The memory comes from `takeMemory`, for the next attempt to use it again. */
export function createMapCollector(options: MapCollectorOptions): MapCollector {
  return new Collector(options);
}

/** Written between two looks at `drain`. */
const DRAIN_BYTES = 256 * 1024;
/** The share of the memory that one key's state may take while spills are merged, and what it may take in any case. */
const STATE_SHARE = 4;
const STATE_BYTES_MIN = 256 * 1024;

/** What holds the pairs: a table of states, or a sort buffer. */
type Engine = {
  emit(key: unknown, value: unknown): void;
  flush(): void;
  sorted(): RunCursor;
  clear(): void;
};

class Collector implements MapCollector {
  readonly emit: MapCollector['emit'];
  readonly emitEncoded: MapCollector['emitEncoded'];
  emitted = 0;
  combined = 0;
  spills = 0;
  readonly gate = new EmitGate();
  private isFinished = false;
  private readonly options: MapCollectorOptions;
  private readonly rule: PartitionRule;
  private readonly memory: MapMemory;
  private readonly engine: Engine;
  private readonly runs: Spills;

  constructor(options: MapCollectorOptions) {
    const { partitions, groupBy, partition, boundaries, combiner, memoryBytes, scratch } = options;
    this.options = options;
    this.rule = { partitions, groupBy, boundaries: partition.by === 'range' ? boundaries : undefined };
    this.memory = takeMemory(memoryBytes);
    this.runs = new Spills(scratch, partitions, memoryBytes);
    const engineOptions = {
      memory: this.memory,
      rule: this.rule,
      gate: this.gate,
      onFull: () => this.spill(),
      onLong: (bytes: Uint8Array, keyEnd: number, end: number) => this.spillOne(bytes, keyEnd, end),
    };
    if (typeof combiner === 'object') {
      const { numbers } = combiner;
      const table = new CombineTable({ ...engineOptions, states: combiner.createStates(), numbers });
      this.engine = table;
      this.emitEncoded = undefined;
      this.emit = numbers === undefined ? emitStates(this, table) : emitNumbers(this, table);
    } else {
      const buffer = new SortBuffer(engineOptions);
      this.engine = buffer;
      this.emit = emitIntoBuffer(this, buffer);
      this.emitEncoded = emitEncodedIntoBuffer(this, buffer);
    }
  }

  async finish(writer: SegmentWriter, drain: () => Promise<void> | undefined): Promise<void> {
    assert(!this.isFinished, 'a collector is finished once');
    this.isFinished = true;
    this.gate.check();
    this.gate.close();
    this.engine.flush();
    const last = this.engine.sorted();
    const merged = this.runs.isEmpty ? undefined : this.runs.merge(last);
    const copy = this.copyOf(merged?.cursor ?? last, writer, merged === undefined ? 'memory' : 'merge');
    while (copy.copy(DRAIN_BYTES)) {
      const drained = drain();
      if (drained !== undefined) await drained;
    }
    this.combined = this.emitted - copy.written;
    merged?.close();
    this.runs.delete();
    this.engine.clear();
    this.gate.check();
  }

  release(): void {
    this.gate.close();
    this.runs.delete();
    returnMemory(this.memory);
  }

  private spill(): void {
    const wasOpen = this.gate.isOpen;
    this.gate.close();
    try {
      const sorted = this.engine.sorted();
      this.runs.add((writer) => this.copyOf(sorted, writer, 'memory').copy(Infinity));
    } catch (error) {
      throw this.gate.keep(error); // User code may swallow it: it runs within emit.
    }
    this.spills++;
    this.engine.clear();
    if (wasOpen) this.gate.reopen();
  }

  private spillOne(bytes: Uint8Array, keyEnd: number, end: number): void {
    this.spills++;
    try {
      this.runs.add((writer) => writer.add(partitionOf(this.rule, bytes, 0, keyEnd), bytes, 0, keyEnd, bytes, keyEnd, end));
    } catch (error) {
      throw this.gate.keep(error);
    }
  }

  private copyOf(from: RunCursor, writer: SegmentWriter, what: 'memory' | 'merge'): RunCopy {
    const { combiner, memoryBytes } = this.options;
    if (typeof combiner === 'function') return new CombineCopy(from, writer, combiner);
    if (combiner === undefined || what === 'memory') return new PlainCopy(from, writer);
    return new FoldCopy(from, writer, combiner.createStates(), Math.max(STATE_BYTES_MIN, memoryBytes / STATE_SHARE));
  }
}

// One function an engine, so that each closure calls one class only.
function emitNumbers(collector: Collector, table: CombineTable): MapCollector['emit'] {
  const { gate } = collector;
  return (key, value) => {
    if (!gate.isOpen) gate.refuse();
    if (typeof value === 'object' || Array.isArray(key)) emitGuarded(gate, table, key, value);
    else table.emit(key, value);
    collector.emitted++;
  };
}

function emitStates(collector: Collector, table: CombineTable): MapCollector['emit'] {
  const { gate } = collector;
  return (key, value) => {
    if (!gate.isOpen) gate.refuse();
    if (typeof value === 'object' || Array.isArray(key)) emitGuarded(gate, table, key, value);
    else if (Number.isNaN(value)) table.emitAlone(key, value);
    else table.emit(key, value);
    collector.emitted++;
  };
}

function emitIntoBuffer(collector: Collector, buffer: SortBuffer): MapCollector['emit'] {
  const { gate } = collector;
  return (key, value) => {
    if (!gate.isOpen) gate.refuse();
    buffer.emit(key, value);
    collector.emitted++;
  };
}

function emitEncodedIntoBuffer(collector: Collector, buffer: SortBuffer): MapCollector['emitEncoded'] {
  const { gate } = collector;
  return (bytes, start, keyEnd, end) => {
    if (!gate.isOpen) gate.refuse();
    buffer.emitEncoded(bytes, start, keyEnd, end);
    collector.emitted++;
  };
}

/** Objects may have getters. */
function emitGuarded(gate: EmitGate, table: CombineTable, key: unknown, value: unknown): void {
  gate.beginEncoding();
  try {
    table.emit(key, value);
  } finally {
    gate.endEncoding();
  }
}
