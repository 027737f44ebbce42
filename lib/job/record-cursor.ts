/** Where the cells of a cursor lie. */
const PHASE = 0;
const BYTE_BASE = 1;
const AT = 2;
const RECORD = 3;
const SEQUENCE = 4;
const CELLS = 8;
const CELL_BYTES = CELLS * 8;
const TEXT_BYTES = 4096;
const KEY_BYTES_MAX = 512;

/** What user code had in hand, as a supervisor reads it when the task thread no longer answers. */
export type InHand =
  | { readonly kind: 'nothing'; readonly sequence: number }
  | {
      readonly kind: 'record';
      readonly object: string;
      readonly byte: number;
      readonly record: number;
      readonly sequence: number;
    }
  | { readonly kind: 'group'; readonly key: Uint8Array; readonly sequence: number }
  | { readonly kind: 'setup' | 'cleanup' | 'load'; readonly sequence: number };

const PHASES = ['nothing', 'record', 'group', 'setup', 'cleanup', 'load'] as const;

/**
 * The record in hand, in memory that the supervising thread can read: so a crash, a hang or a heap overflow of user code is an
 * error that names the exact record. Hot: moving on to the next record is two stores.
 */
export class RecordCursor {
  /** Numbers that change per record. Readers on other threads may see the previous record, never half a number. */
  readonly cells: Float64Array;
  private readonly text: Uint8Array;
  private readonly textLength: Int32Array;

  readonly memory: ArrayBufferLike;

  constructor(memory: ArrayBufferLike = new SharedArrayBuffer(RecordCursor.bytes)) {
    this.memory = memory;
    this.cells = new Float64Array(memory, 0, CELLS);
    this.textLength = new Int32Array(memory, CELL_BYTES, 2);
    this.text = new Uint8Array(memory, CELL_BYTES + 8, TEXT_BYTES);
  }

  static readonly bytes = CELL_BYTES + 8 + TEXT_BYTES;

  /** Before the records of an object. */
  enterObject(object: string): void {
    this.cells[PHASE] = 0;
    const { written } = new TextEncoder().encodeInto(object, this.text);
    this.textLength[0] = written;
  }

  /** Offset in the object that `at` of the following records is relative to. */
  moveWindow(byteBase: number): void {
    this.cells[BYTE_BASE] = byteBase;
  }

  enterRecord(at: number, record: number): void {
    const cells = this.cells;
    cells[AT] = at;
    cells[RECORD] = record;
    cells[PHASE] = 1;
    cells[SEQUENCE] = cells[SEQUENCE]! + 1;
  }

  enterGroup(bytes: Uint8Array, start: number, end: number): void {
    const length = Math.min(end - start, KEY_BYTES_MAX);
    const text = this.text;
    for (let index = 0; index < length; index++) text[index] = bytes[start + index]!;
    this.textLength[0] = length;
    const cells = this.cells;
    cells[PHASE] = 2;
    cells[SEQUENCE] = cells[SEQUENCE]! + 1;
  }

  /** `load`: the top level of the job's module. */
  enter(phase: 'setup' | 'cleanup' | 'load'): void {
    this.cells[PHASE] = PHASES.indexOf(phase);
    this.cells[SEQUENCE] = this.cells[SEQUENCE]! + 1;
  }

  /** User code is not running: time that passes is the engine's own. */
  leave(): void {
    this.cells[PHASE] = 0;
    this.cells[SEQUENCE] = this.cells[SEQUENCE]! + 1;
  }

  inHand(): InHand {
    const cells = this.cells;
    const sequence = cells[SEQUENCE]!;
    const kind = PHASES[cells[PHASE]!] ?? 'nothing';
    const text = this.text.slice(0, this.textLength[0]);
    if (kind === 'record') {
      return {
        kind,
        object: new TextDecoder().decode(text),
        byte: cells[BYTE_BASE]! + cells[AT]!,
        record: cells[RECORD]!,
        sequence,
      };
    }
    return kind === 'group' ? { kind, key: text, sequence } : { kind, sequence };
  }
}
