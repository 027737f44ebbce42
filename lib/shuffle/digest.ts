import { createHash } from 'node:crypto';
import type { IndexRows } from './index-rows.ts';

/** Map index, partition, records, raw bytes: eight bytes each, then four of CRC, little endian. */
const CELL_BYTES = 36;

/**
 * SHA-256, as hex, over every run in the rows, empty ones too: (map index, partition, records, rawBytes, CRC), partition after
 * partition, by map index. Where runs lie and how well they compress is not in it, so a map task that ran again and left the same
 * content changes no digest.
 */
export function digestOf(rows: IndexRows): string {
  const hash = createHash('sha256');
  const width = rows.segments.length;
  const bytes = new Uint8Array(width * CELL_BYTES);
  const view = new DataView(bytes.buffer);
  for (let partition = rows.partitionStart; partition < rows.partitionEnd; partition++) {
    const first = (partition - rows.partitionStart) * width;
    for (let segment = 0; segment < width; segment++) {
      const at = segment * CELL_BYTES;
      setUint64(view, at, rows.segments[segment]!.mapIndex);
      setUint64(view, at + 8, partition);
      setUint64(view, at + 16, rows.records[first + segment]!);
      setUint64(view, at + 24, rows.rawBytes[first + segment]!);
      view.setUint32(at + 32, rows.crc[first + segment]!, true);
    }
    hash.update(bytes);
  }
  return hash.digest('hex');
}

function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}
