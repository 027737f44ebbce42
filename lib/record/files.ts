import type { Reader, RecordSink, Scanner, ScanWindow } from './reader.ts';

/** One whole object. `path` is the path or key as listed. */
export type FileRecord = { readonly path: string; readonly bytes: Uint8Array };

/** Every object whole, an empty one too; gzip and zstd are unpacked. `bytes` is the record's own, valid for ever. An object must fit in memory. */
export function files(): Reader<FileRecord> {
  return { kind: 'reader', name: 'files', cuts: 'whole', open: () => new FilesScanner() };
}

class FilesScanner implements Scanner<FileRecord> {
  private isDone = false;

  async findStart(): Promise<number> {
    this.isDone = false;
    return 0;
  }

  /** An empty object is a record too, though it starts at the limit. */
  scan(window: ScanWindow, sink: RecordSink<FileRecord>): number {
    if (!window.isLast || this.isDone) return window.start;
    this.isDone = true;
    window.records += 1;
    // The bytes of a reader of whole objects are its own: see Reader.cuts.
    sink({ path: window.object, bytes: window.bytes.subarray(window.start, window.end) }, window.start);
    return window.end;
  }
}
