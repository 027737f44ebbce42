/** Columns of numbers that grow by doubling, so that their bytes are a function of the slots in use alone. */
const SLOTS_MIN = 256;

/** How many slots a column has that holds `slots`. */
export function columnSlots(slots: number): number {
  let capacity = SLOTS_MIN;
  while (capacity < slots) capacity *= 2;
  return capacity;
}

export function grownDoubles(column: Float64Array, slot: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(columnSlots(slot + 1));
  grown.set(column);
  return grown;
}

export function grownIntegers(column: Uint32Array, slot: number): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(columnSlots(slot + 1));
  grown.set(column);
  return grown;
}

export function grownBytes(column: Uint8Array, slot: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(columnSlots(slot + 1));
  grown.set(column);
  return grown;
}
