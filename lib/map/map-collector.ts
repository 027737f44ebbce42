import { assert, RefoldError } from '../errors.ts';
import type { BuiltinCombiner } from '../job/combiner.ts';
import type { CombineFunction } from '../job/define-job.ts';
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

/** User code emitted outside of the calls that emit was handed to, most often behind a promise that nobody awaited. */
export class LateEmitError extends RefoldError {
  override readonly name = 'LateEmitError';
  readonly code = 'REFOLD_LATE_EMIT';
  readonly retryable = false;
  readonly hint = 'Await every promise in map, and use in combine only the emit that combine gets.';
  constructor(options?: ErrorOptions) {
    super('emit was called when the pairs of its attempt were already being written.', {}, options);
  }
}

/** Takes the pairs of one map attempt and leaves them sorted. Not to be shared. */
export interface MapCollector {
  /**
   * Takes one pair, encoded before it returns. Needs no `this`. After a throw of UnencodableError or ShortKeyError the pair was not
   * taken and the collector goes on; after any other the attempt is over.
   * @throws UnencodableError, ShortKeyError, MixedSumError, UserCodeError and CombinerKeyError of combine, ScratchFullError
   */
  readonly emit: (key: unknown, value: unknown) => void;
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

/** What holds the pairs: a combine table or a sort buffer. */
type Engine = {
  emit(key: unknown, value: unknown): void;
  flush(): void;
  sorted(): RunCursor;
  clear(): void;
};

class Collector implements MapCollector {
  readonly emit: (key: unknown, value: unknown) => void;
  emitted = 0;
  combined = 0;
  spills = 0;
  /** While user code of a combine function runs, and from `finish` on: a pair would come too late. */
  isClosed = false;
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
      onFull: () => this.spill(),
      onLong: (bytes: Uint8Array, keyEnd: number, end: number) => this.spillOne(bytes, keyEnd, end),
    };
    if (typeof combiner === 'object') {
      const table = new CombineTable({ ...engineOptions, states: combiner.createStates() });
      this.engine = table;
      this.emit = emitIntoTable(this, table);
    } else {
      const buffer = new SortBuffer(engineOptions);
      this.engine = buffer;
      this.emit = emitIntoBuffer(this, buffer);
    }
  }

  async finish(writer: SegmentWriter, drain: () => Promise<void> | undefined): Promise<void> {
    assert(!this.isClosed, 'a collector is finished once');
    this.isClosed = true;
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
  }

  release(): void {
    this.isClosed = true;
    this.runs.delete();
    returnMemory(this.memory);
  }

  private spill(): void {
    const wasClosed = this.isClosed;
    this.isClosed = true;
    const sorted = this.engine.sorted();
    this.runs.add((writer) => this.copyOf(sorted, writer, 'memory').copy(Infinity));
    this.spills++;
    this.engine.clear();
    this.isClosed = wasClosed;
  }

  private spillOne(bytes: Uint8Array, keyEnd: number, end: number): void {
    this.spills++;
    this.runs.add((writer) => writer.add(partitionOf(this.rule, bytes, 0, keyEnd), bytes, 0, keyEnd, bytes, keyEnd, end));
  }

  private copyOf(from: RunCursor, writer: SegmentWriter, what: 'memory' | 'merge'): RunCopy {
    const { combiner, memoryBytes } = this.options;
    if (typeof combiner === 'function') return new CombineCopy(from, writer, combiner);
    if (combiner === undefined || what === 'memory') return new PlainCopy(from, writer);
    return new FoldCopy(from, writer, combiner.createStates(), Math.max(STATE_BYTES_MIN, memoryBytes / STATE_SHARE));
  }
}

// One function an engine, so that each closure calls one class only.
function emitIntoTable(collector: Collector, table: CombineTable): MapCollector['emit'] {
  return (key, value) => {
    if (collector.isClosed) refuse();
    table.emit(key, value);
    collector.emitted++;
  };
}

function emitIntoBuffer(collector: Collector, buffer: SortBuffer): MapCollector['emit'] {
  return (key, value) => {
    if (collector.isClosed) refuse();
    buffer.emit(key, value);
    collector.emitted++;
  };
}

function refuse(): never {
  throw new LateEmitError();
}
