import { BadRecordError, InvalidOptionError } from '../errors.ts';
import { NeedleMemory } from './needle-memory.ts';
import type { RangeSource, Reader, RecordSink, Scanner, ScanWindow } from './reader.ts';
import { Slice } from './slice.ts';

/**
 * Records of `recordBytes` bytes each, in one Slice that is moved along: valid until `map` returns. An object whose length is no multiple of
 * that is an error at its last record.
 */
export function fixedReader(recordBytes: number): Reader<Slice> {
  if (!Number.isSafeInteger(recordBytes) || recordBytes < 1) {
    throw new InvalidOptionError({ option: 'fixed', value: String(recordBytes), rule: 'a whole number of bytes from 1' });
  }
  return { kind: 'reader', name: 'fixed', cuts: 'ranges', open: () => new FixedScanner(recordBytes) };
}

class FixedScanner implements Scanner<Slice> {
  private readonly recordBytes: number;
  private readonly slice = new Slice(new Uint8Array(0));
  private readonly memory = new NeedleMemory();

  constructor(recordBytes: number) {
    this.recordBytes = recordBytes;
    this.slice.memory = this.memory;
  }

  async findStart(source: RangeSource, byteStart: number): Promise<number> {
    this.memory.reset();
    return Math.min(Math.ceil(byteStart / this.recordBytes) * this.recordBytes, source.bytes);
  }

  scan(window: ScanWindow, sink: RecordSink<Slice>): number {
    const { bytes, end, limit } = window;
    const { slice, recordBytes } = this;
    slice.bytes = bytes;
    this.memory.moveWindow(bytes, window.byteBase, end);
    let start = window.start;
    let goesOn = true;
    while (goesOn && start < limit && start + recordBytes <= end) {
      slice.byteStart = start;
      slice.byteEnd = start + recordBytes;
      start += recordBytes;
      window.records += 1;
      goesOn = sink(slice, start - recordBytes);
    }
    if (goesOn && window.isLast && start < limit && start < end) {
      throw new BadRecordError({
        object: window.object,
        byte: window.byteBase + start,
        reason: `the object ends after ${end - start} of its ${recordBytes} bytes`,
        hint: `Check the record length given to fixed(), or repair the file: its size must be a multiple of ${recordBytes} bytes.`,
      });
    }
    return start;
  }
}
