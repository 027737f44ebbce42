import type { ScratchFile } from '../ports/scratch.ts';

/** A stretch of one segment's bytes that can be read at once, without awaiting. */
export interface ByteSource {
  /**
   * Bytes [byteStart, byteEnd) of the segment, fewer when the source ends before. Valid until the next call.
   * Asked for in ascending order, by one reader.
   */
  view(byteStart: number, byteEnd: number): Uint8Array;
}

/** Bytes of a segment from `byteBase` on, in memory. */
export class MemorySource implements ByteSource {
  private readonly bytes: Uint8Array;
  private readonly byteBase: number;

  constructor(bytes: Uint8Array, byteBase = 0) {
    this.bytes = bytes;
    this.byteBase = byteBase;
  }

  view(byteStart: number, byteEnd: number): Uint8Array {
    return this.bytes.subarray(Math.max(0, byteStart - this.byteBase), Math.max(0, byteEnd - this.byteBase));
  }
}

/** What a scratch source holds in memory at least, unless less is left to read. */
export const SCRATCH_WINDOW_BYTES = 256 * 1024;

/** Bytes of a segment in a scratch file, read ahead through a window. */
export class ScratchSource implements ByteSource {
  private readonly file: ScratchFile;
  /** Byte of the file = byte of the segment + shift. */
  private readonly shift: number;
  private readonly byteEnd: number;
  private window = new Uint8Array(0);
  private windowStart = 0;
  private windowEnd = 0;

  /** @param fileStart where byte `byteStart` of the segment lies in the file; the source ends at `byteEnd` of the segment */
  constructor(file: ScratchFile, fileStart: number, byteStart: number, byteEnd: number) {
    this.file = file;
    this.shift = fileStart - byteStart;
    this.byteEnd = byteEnd;
  }

  view(byteStart: number, byteEnd: number): Uint8Array {
    const wantedEnd = Math.min(byteEnd, this.byteEnd);
    if (byteStart < this.windowStart || wantedEnd > this.windowEnd) this.move(byteStart, wantedEnd);
    return this.window.subarray(byteStart - this.windowStart, Math.min(wantedEnd, this.windowEnd) - this.windowStart);
  }

  /** Moves the window to `byteStart`, keeping what it already holds from there on. */
  private move(byteStart: number, wantedEnd: number): void {
    const length = Math.min(Math.max(wantedEnd - byteStart, SCRATCH_WINDOW_BYTES), this.byteEnd - byteStart);
    const isHeld = byteStart >= this.windowStart && byteStart < this.windowEnd;
    const held = isHeld
      ? this.window.subarray(byteStart - this.windowStart, this.windowEnd - this.windowStart)
      : new Uint8Array(0);
    const target =
      this.window.length < length || this.window.length > 4 * SCRATCH_WINDOW_BYTES ? new Uint8Array(length) : this.window;
    target.set(held);
    this.window = target;
    this.windowStart = byteStart;
    this.windowEnd = byteStart + held.length;
    if (held.length < length) this.windowEnd += this.file.read(this.windowEnd + this.shift, target.subarray(held.length, length));
  }
}
