import { Random } from './random.ts';
import { asciiBytes, type RowWriter } from './row-writer.ts';

/** What the grep workload looks for: one line in two hundred has it. */
export const NEEDLE = 'upstream timed out';

const needle = asciiBytes([NEEDLE])[0]!;
const starts = asciiBytes(Array.from({ length: 60 }, (_, minute) => `2026-03-14T15:${`${minute}`.padStart(2, '0')}:`));
const events = asciiBytes([
  'GET /api/orders finished',
  'POST /api/carts finished',
  'cache refreshed',
  'connection accepted from proxy',
  'session renewed',
  'upstream answered in time',
]);
const request = asciiBytes([' request='])[0]!;
const host = asciiBytes([' host=worker-'])[0]!;
const took = asciiBytes([' took='])[0]!;
const ends = asciiBytes([
  'ms status=200 bytes=5120',
  'ms status=204 bytes=0',
  'ms status=304 bytes=0',
  'ms status=404 bytes=312',
]);

/** Log lines of about 100 bytes. */
export function writeLogLines(rows: RowWriter, bytes: number): void {
  const random = new Random(7);
  while (rows.bytesWritten < bytes) {
    rows.text(starts[random.below(starts.length)]!);
    rows.digits(random.below(60_000), 5);
    rows.byte(32);
    rows.text(random.below(200) === 0 ? needle : events[random.below(events.length)]!);
    rows.text(host);
    rows.digits(random.below(64), 2);
    rows.text(request);
    rows.digits(random.below(1e9), 9);
    rows.text(took);
    rows.digits(random.below(2_000));
    rows.text(ends[random.below(ends.length)]!);
    rows.endRow();
  }
}
