/** Values as bytes: see value-format.ts. */
export { decodeNumber, decodeValue, decodeValues, isNumber } from './value-decoder.ts';
export { encodeNumber, encodeValue } from './value-encoder.ts';
