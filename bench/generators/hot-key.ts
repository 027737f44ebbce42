import { Random } from './random.ts';
import { asciiBytes, type RowWriter } from './row-writer.ts';

const COMMA = 44;
const DOT = 46;
const OTHER_KEYS = 50_000;
const hotKey = asciiBytes(['all-visitors'])[0]!;
const otherKey = asciiBytes(['visitor-'])[0]!;
const endings = asciiBytes(
  Array.from({ length: 64 }, (_, index) => `/en/articles/section-${index}/index.html,region-${index % 7},tablet`),
);

/** key,value,session,path,region,device: 90 % of the rows have one key, the others are spread evenly over 50 thousand. Values have three decimals. */
export function writeHotKey(rows: RowWriter, bytes: number): void {
  const random = new Random(6);
  while (rows.bytesWritten < bytes) {
    if (random.below(10) > 0) {
      rows.text(hotKey);
    } else {
      rows.text(otherKey);
      rows.digits(random.below(OTHER_KEYS));
    }
    rows.byte(COMMA);
    rows.digits(random.below(10_000));
    rows.byte(DOT);
    rows.digits(random.below(1_000), 3);
    rows.byte(COMMA);
    rows.digits(random.below(1e9), 9);
    rows.byte(COMMA);
    rows.text(endings[random.below(endings.length)]!);
    rows.endRow();
  }
}
