/**
 * The memory of one map attempt: one buffer, seen as bytes, as words and as a view. Made once a sandbox and used by one attempt after
 * another, because a fresh page costs far more than a used one (13 µs each 4 KiB on the machine of the benches: 320 MB/s). The system
 * gives pages when they are first written, so a large buffer that stays half empty costs half.
 */
export class MapMemory {
  readonly byteLength: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;

  /** `memoryBytes` is brought between 16 KiB and 1 GiB: word indexes stay small integers. */
  constructor(memoryBytes: number) {
    this.byteLength = Math.min(MEMORY_BYTES_MAX, Math.max(MEMORY_BYTES_MIN, memoryBytes)) & ~7;
    const buffer = new ArrayBuffer(this.byteLength);
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.view = new DataView(buffer);
  }
}

const MEMORY_BYTES_MIN = 16 * 1024;
const MEMORY_BYTES_MAX = 1024 * 1024 * 1024;
