import { type WasmMemory, webAssembly } from './web-assembly.ts';

let spare: MapMemory | undefined;

/** Memory for one attempt: the one that was returned last, if it has the size, or a new one. */
export function takeMemory(memoryBytes: number): MapMemory {
  const taken = spare;
  spare = undefined;
  return taken?.byteLength === usableBytes(memoryBytes) ? taken : new MapMemory(memoryBytes);
}

/** Keeps the memory for the next attempt in this thread. One is kept: attempts of a thread come one after another. */
export function returnMemory(memory: MapMemory): void {
  spare = memory;
}

/** Lets go of what is kept, before work that needs the memory for itself. */
export function dropSpareMemory(): void {
  spare = undefined;
}

/**
 * The memory of one map attempt: one buffer, seen as bytes, as words and as a view. Made once a sandbox and used by one attempt after
 * another, because a fresh page costs far more than a used one (13 µs each 4 KiB on the machine of the benches: 320 MB/s). The system
 * gives pages when they are first written, so a large buffer that stays half empty costs half.
 *
 * It is WebAssembly's, with some more behind `byteLength` for what its code and JavaScript exchange (table-program.ts).
 */
export class MapMemory {
  readonly byteLength: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  readonly wasm: WasmMemory;
  /** Where the exchange starts, a multiple of 64 Ki; it has EXCHANGE_BYTES. */
  readonly exchangeStart: number;

  /** `memoryBytes` is brought between 16 KiB and 1 GiB: word indexes stay small integers. */
  constructor(memoryBytes: number) {
    this.byteLength = usableBytes(memoryBytes);
    const pages = Math.ceil(this.byteLength / PAGE_BYTES);
    const pagesInAll = pages + EXCHANGE_BYTES / PAGE_BYTES;
    this.wasm = new webAssembly.Memory({ initial: pagesInAll, maximum: pagesInAll });
    this.exchangeStart = pages * PAGE_BYTES;
    const { buffer } = this.wasm;
    this.bytes = new Uint8Array(buffer, 0, this.byteLength);
    this.words = new Int32Array(buffer, 0, this.byteLength >> 2);
    this.view = new DataView(buffer, 0, this.byteLength);
  }
}

function usableBytes(memoryBytes: number): number {
  return Math.min(MEMORY_BYTES_MAX, Math.max(MEMORY_BYTES_MIN, memoryBytes)) & ~7;
}

/** Of WebAssembly. */
const PAGE_BYTES = 64 * 1024;
export const EXCHANGE_BYTES = PAGE_BYTES;
const MEMORY_BYTES_MIN = 16 * 1024;
const MEMORY_BYTES_MAX = 1024 * 1024 * 1024;
