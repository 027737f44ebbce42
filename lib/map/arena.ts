import type { MapMemory } from './map-memory.ts';

/**
 * The lower end of the memory holds entries, one behind another, each on a word border:
 *
 *   word 0: half of the value in the combine table (table-program.ts), or the value's bytes in the sort buffer
 *   word 1: the key's bytes in 24 bits; its first byte, the type tag, lies in the highest eight
 *   then the rest of the key, and in the sort buffer the value
 *
 * So the encoded key starts at byte 7 of its entry, and tag and length of two keys are compared as one word. The upper end holds the
 * table; while entries are sorted, all that is free is the sort's (record-sort.ts).
 */
export const ARENA_START = 2;
export const KEY_OFFSET = 7;
/** Longer keys become runs of their own. */
export const KEY_BYTES_MAX = 0xff_fffe;
export const KEY_LENGTH_MASK = 0xff_ffff;

/** Where the key of the entry at word `ref` starts, in bytes. */
export function entryKeyStart(ref: number): number {
  return ref * 4 + KEY_OFFSET;
}

/** A key whose entry takes more than a quarter of the memory is not kept there. Depends on `memoryBytes` alone, as every spill does. */
export function keepsKey(memory: MapMemory, keyBytes: number): boolean {
  return keyBytes <= KEY_BYTES_MAX && keyBytes * 4 <= memory.byteLength;
}
