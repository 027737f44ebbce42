import { type AttemptContext, contextAt } from '../job/attempt-context.ts';
import { LateEmitError } from '../job/emit-gate.ts';
import type { HeldPairs, PairSink } from '../job/pair-sink.ts';
import type { RecordCursor } from '../job/record-cursor.ts';
import { type AnyMap, handOn } from '../job/step.ts';
import type { Position } from '../job/task-context.ts';
import { isThenable, mapError } from '../job/user-code.ts';
import type { EncodedPairCursor } from '../output/read-pair-object.ts';
import { Slice } from '../record/slice.ts';

type EmitAny = (key: unknown, value: unknown) => void;
/** One call of map; its emit is refused when it is over. */
type Call = { isOver: boolean };
type InFlight = { readonly position: Position; readonly pairs: HeldPairs; readonly done: Promise<void> };

/** Records that wait for a free place, a place in flight. */
const QUEUE_PER_PLACE = 16;

/**
 * Calls a map function for records as they come, synchronous or not, and keeps the order of what it emits.
 * Its `sink` is hot: it is called once a record.
 */
export class MapRunner {
  records = 0;
  private readonly map: AnyMap;
  private readonly pairs: PairSink;
  private readonly emit: EmitAny;
  private readonly context: AttemptContext;
  private readonly cursor: RecordCursor;
  private readonly concurrency: number;
  private readonly recordsMax: number;
  private object = '';
  private byteBase = 0;
  private rangeRecord = 0;
  private pending: PromiseLike<unknown> | undefined;
  private pendingAt = 0;
  private pendingCall: Call | undefined;
  private isAsync: boolean;
  private readonly queue: { readonly record: unknown; readonly position: Position }[] = [];

  constructor(options: {
    readonly map: AnyMap;
    readonly pairs: PairSink;
    readonly context: AttemptContext;
    readonly cursor: RecordCursor;
    readonly concurrency: number;
    readonly recordsMax: number;
  }) {
    this.map = options.map;
    this.pairs = options.pairs;
    this.emit = options.pairs.emit;
    this.context = options.context;
    this.cursor = options.cursor;
    this.concurrency = options.concurrency;
    this.recordsMax = options.recordsMax;
    this.isAsync = options.map.constructor.name === 'AsyncFunction';
  }

  get isFull(): boolean {
    return this.records >= this.recordsMax;
  }

  /** Handed to this runner since `enterObject`; so the index of the next. */
  get recordsInRange(): number {
    return this.rangeRecord;
  }

  enterObject(object: string): void {
    this.object = object;
    this.rangeRecord = 0;
    this.cursor.enterObject(object);
  }

  /** Before records are handed on, at first and after each `pause`. */
  moveWindow = (byteBase: number): void => {
    this.byteBase = byteBase;
    this.cursor.moveWindow(byteBase);
    this.pairs.gate.reopen();
  };

  /** While no record is there no call of map is under way: what is emitted then comes too late. */
  pause = (): void => {
    this.pairs.gate.close();
  };

  /** True where the input has no map, and nobody looks at a pair of an earlier step on its way into `pairs`. */
  get passesOn(): boolean {
    return this.map === handOn && this.pairs.emitEncoded !== undefined;
  }

  /** What `sink` does with a pair, where `passesOn`. */
  passOn(pair: EncodedPairCursor): boolean {
    if (this.records >= this.recordsMax) return false;
    this.records += 1;
    const record = this.rangeRecord++;
    this.cursor.enterRecord(record, record);
    try {
      this.pairs.emitEncoded!(pair.bytes, pair.keyStart, pair.keyEnd, pair.end);
    } catch (error) {
      throw mapError(error, this.positionOf(record, record));
    }
    return this.records < this.recordsMax;
  }

  /** False pauses the scan: a promise is to be awaited, the queue is full, or the limit is reached. */
  sink = (record: unknown, at: number): boolean => {
    if (this.records >= this.recordsMax) return false;
    this.records += 1;
    if (this.isAsync) return this.sinkAsync(record, at);
    this.cursor.enterRecord(at, this.rangeRecord++);
    let answer: unknown;
    try {
      answer = this.map(record, this.emit, this.context);
    } catch (error) {
      throw mapError(error, this.positionOf(at, this.rangeRecord - 1));
    }
    if (answer !== undefined && isThenable(answer)) {
      this.pending = answer;
      this.pendingAt = at;
      this.isAsync = true;
      return false;
    }
    return this.records < this.recordsMax;
  };

  /** Waits for the user's promises. Undefined when there is nothing to wait for, which costs nothing. */
  drain = (): Promise<void> | undefined => {
    if (this.pending !== undefined) return this.settlePending();
    if (this.queue.length > 0) return this.runQueue();
    this.cursor.leave();
    return undefined;
  };

  private positionOf(at: number, record: number): Position {
    return { object: this.object, byte: this.byteBase + at, record };
  }

  private async settlePending(): Promise<void> {
    const { pending, pendingCall } = this;
    this.pending = undefined;
    this.pendingCall = undefined;
    try {
      await pending;
    } catch (error) {
      throw mapError(error, this.positionOf(this.pendingAt, this.rangeRecord - 1));
    }
    if (pendingCall !== undefined) pendingCall.isOver = true;
    this.cursor.leave();
    if (this.queue.length > 0) await this.runQueue();
  }

  /** For a map that answers promises, one record at a time. */
  private callAlone(record: unknown, at: number): boolean {
    this.cursor.enterRecord(at, this.rangeRecord++);
    const call: Call = { isOver: false };
    let answer: unknown;
    try {
      answer = this.map(record, this.emitOf(call, this.pairs), this.context);
    } catch (error) {
      throw mapError(error, this.positionOf(at, this.rangeRecord - 1));
    }
    if (answer !== undefined && isThenable(answer)) {
      this.pending = answer;
      this.pendingAt = at;
      this.pendingCall = call;
      return false;
    }
    call.isOver = true;
    return this.records < this.recordsMax;
  }

  private emitOf(call: Call, pairs: { readonly emit: EmitAny }): EmitAny {
    return (key, value) => {
      if (call.isOver) throw this.pairs.gate.keep(new LateEmitError());
      pairs.emit(key, value);
    };
  }

  private sinkAsync(record: unknown, at: number): boolean {
    return this.concurrency > 1 ? this.enqueue(record, at) : this.callAlone(record, at);
  }

  private enqueue(record: unknown, at: number): boolean {
    const kept =
      record instanceof Slice
        ? new Slice(record.bytes.slice(record.byteStart, record.byteEnd), 0, record.byteEnd - record.byteStart)
        : record;
    this.queue.push({ record: kept, position: this.positionOf(at, this.rangeRecord++) });
    return this.queue.length < this.concurrency * QUEUE_PER_PLACE && this.records < this.recordsMax;
  }

  /** At most `concurrency` calls at a time; pairs are handed on in record order. */
  private async runQueue(): Promise<void> {
    const inFlight: InFlight[] = [];
    const settleOldest = async () => {
      const oldest = inFlight.shift()!;
      try {
        await oldest.done;
        oldest.pairs.release();
      } catch (error) {
        throw mapError(error, oldest.position);
      }
      if (inFlight.length > 0) this.showOldest(inFlight[0]!.position);
    };
    try {
      for (const { record, position } of this.queue) {
        if (inFlight.length >= this.concurrency) await settleOldest();
        inFlight.push(this.start(record, position));
        this.showOldest(inFlight[0]!.position);
      }
      while (inFlight.length > 0) await settleOldest();
    } finally {
      this.queue.length = 0;
    }
    this.cursor.leave();
  }

  private start(record: unknown, position: Position): InFlight {
    const pairs = this.pairs.hold();
    const call: Call = { isOver: false };
    const done = (async () => {
      try {
        await this.map(record, this.emitOf(call, pairs), contextAt(this.context, position));
      } finally {
        call.isOver = true;
      }
    })();
    done.catch(() => {}); // It is awaited in record order; until then a rejection is not unhandled.
    return { position, pairs, done };
  }

  private showOldest(position: Position): void {
    this.cursor.enterRecord(position.byte - this.byteBase, position.record);
  }
}

/** The user's promises first, since they emit. Costs nothing when there is nothing to wait for. */
export function drainBoth(runner: MapRunner, pairs: PairSink): Promise<void> | undefined {
  const running = runner.drain();
  if (running === undefined) return pairs.between?.();
  return running.then(() => pairs.between?.());
}
