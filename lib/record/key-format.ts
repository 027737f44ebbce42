/**
 * The first byte of an encoded key, part of segment format 1. Comparing encoded keys byte by byte, shorter first, is the order of keys:
 * null < boolean < number < bigint < string < bytes < tuple. A string or bytes key is its tag and its raw bytes: nothing ends it.
 * Inside a tuple a 00 byte of a string or of bytes is 00 FF and 00 ends it; a nested tuple ends in 01, below every tag; the outermost
 * tuple has no end, so that its first elements are a prefix of its bytes.
 */
export const KEY_TAG_NULL = 0x02;
export const KEY_TAG_FALSE = 0x03;
export const KEY_TAG_TRUE = 0x04;
/** Then the eight bytes of the double, big-endian, so flipped that they sort. */
export const KEY_TAG_NUMBER = 0x05;
/** Then sign and length in one byte, then the magnitude. */
export const KEY_TAG_BIGINT = 0x06;
export const KEY_TAG_STRING = 0x07;
export const KEY_TAG_BYTES = 0x08;
export const KEY_TAG_TUPLE = 0x09;
/** No key: only `encodeOrder` writes it. Then the milliseconds as a number. */
export const KEY_TAG_DATE = 0x0a;
/** What ends a nested tuple. */
export const KEY_TUPLE_END = 0x01;
/** Magnitudes of bigints of so many bytes and more have their length in four bytes of its own. */
export const LONG_BIGINT_BYTES = 0x7e;
