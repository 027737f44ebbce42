import { fixedReader } from './fixed-reader.ts';
import { fixedWriter } from './fixed-writer.ts';
import { checkOptionNames } from './option-names.ts';
import type { Slice } from './slice.ts';
import { type Format, WRITER_OPTIONS, type WriterOptions } from './writer.ts';

/** Records of `bytes` bytes with nothing between. As output the key's bytes, then the value's, `bytes` in all. */
export function fixed(bytes: number, options: WriterOptions = {}): Format<Slice> {
  checkOptionNames('fixed()', options, WRITER_OPTIONS);
  return { ...fixedReader(bytes), writer: fixedWriter(bytes, options) };
}
