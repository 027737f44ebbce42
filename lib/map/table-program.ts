import { Buffer } from 'node:buffer';
import { COMBINE_TABLE_WASM } from './combine-table-wasm.ts';
import type { MapMemory } from './map-memory.ts';
import { type WasmGlobal, type WasmModule, webAssembly } from './web-assembly.ts';

/** What combine-table.wat exports. Addresses are bytes from the start of the memory. */
export type TableProgram = {
  clear(capacity: number): void;
  combine(pair: number, end: number, rule: number): number;
  find(pair: number): number;
  insert(pair: number): number;
  taken(): number;
  readonly room: WasmGlobal;
  readonly arenaEnd: WasmGlobal;
  readonly entries: WasmGlobal;
  readonly places: WasmGlobal;
  readonly lateCount: WasmGlobal;
};

/** In front of the key in an entry: the value and the head. */
export const ENTRY_HEAD_BYTES = 12;
/** Keys of up to so many bytes, less the tag, have entries of SHORT_ENTRY_BYTES. */
export const SHORT_BYTES = 12;
export const SHORT_ENTRY_BYTES = 24;
/** The high word of a value that says that the state is elsewhere: see combine-table.wat. */
export const ASIDE_HIGH = 0x7ff80000;
export const FIRST_ENTRY = 16;
/** What `combine` takes as its rule; `state` where a StateColumn has all states. */
export const FOLDS = { sum: 0, min: 1, max: 2, state: 3 };

export const BATCH_PAIRS = 1024;
export const KEY_BYTES_STAGED_MAX = 4096;
/**
 * Where things lie in the exchange of a MapMemory, in bytes from its start. Behind BATCH_PAIRS short pairs the staging area has room for one
 * of KEY_BYTES_STAGED_MAX.
 */
const MASKS_AT = 0;
const MASKS_BYTES = 256;
const ROWS_AT = MASKS_AT + MASKS_BYTES;
const LATE_AT = ROWS_AT + BATCH_PAIRS * 12;
export const STAGING_AT = LATE_AT + BATCH_PAIRS * 8;

/** The program on a memory, with an empty table. It is compiled when the first one is opened: 1 to 2 ms, once a thread. */
export function openTableProgram(memory: MapMemory): TableProgram {
  compiled ??= new webAssembly.Module(Buffer.from(COMBINE_TABLE_WASM, 'base64'));
  const { exports } = new webAssembly.Instance(compiled, { map: { memory: memory.wasm } });
  const program = exports as TableProgram & Readonly<Record<'masks' | 'batch' | 'late' | 'tableEnd', WasmGlobal>>;
  const { exchangeStart } = memory;
  const masks = new Uint8Array(memory.wasm.buffer, exchangeStart + MASKS_AT, MASKS_BYTES);
  // By the key's bytes: the head stays, and of what follows it one byte less, for the tag.
  for (let at = 0; at < masks.length; at++) masks[at] = at % 16 < 4 + Math.max(0, (at >> 4) - 1) ? 0xff : 0;
  program.masks.value = exchangeStart + MASKS_AT;
  program.batch.value = exchangeStart + ROWS_AT;
  program.late.value = exchangeStart + LATE_AT;
  program.tableEnd.value = memory.byteLength;
  program.room.value = memory.byteLength;
  program.clear(CAPACITY_MIN);
  return program;
}

/** Where the list of pairs lies that `combine` left, two words each: see combine-table.wat. */
export function lateStart(memory: MapMemory): number {
  return memory.exchangeStart + LATE_AT;
}

/** Bytes of the entry of a key. */
export function entryBytesOf(keyBytes: number): number {
  return keyBytes <= SHORT_BYTES + 1 ? SHORT_ENTRY_BYTES : (keyBytes + 18) & ~7;
}

const CAPACITY_MIN = 256;
let compiled: WasmModule | undefined;
