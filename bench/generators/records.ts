import { Random } from './random.ts';
import { asciiBytes, type RowWriter } from './row-writer.ts';

const RECORD_BYTES = 100;
const KEY_BYTES = 10;
const alphabet = asciiBytes(['0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'])[0]!;
const filler = asciiBytes(['.'.repeat(RECORD_BYTES)])[0]!;

/**
 * Records of 100 bytes: a random key of 10 letters and digits, the record's number, filler and a line end, so that GNU sort can read them too.
 * Two equal keys among n records have the odds n² / 1.7e18: the order is the same whether keys or whole lines are compared.
 */
export function writeRecords(rows: RowWriter, bytes: number): void {
  const random = new Random(5);
  for (let record = 0; rows.bytesWritten < bytes; record++) {
    for (let letter = 0; letter < KEY_BYTES; letter++) rows.byte(alphabet[random.below(alphabet.length)]!);
    rows.digits(record, 12);
    rows.part(filler, KEY_BYTES + 12, RECORD_BYTES - 1);
    rows.endRow();
  }
}
