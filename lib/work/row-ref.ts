/** Where a row lies: bytes [byteStart, byteEnd) of an object in the work area. */
export type RowRef = { readonly key: string; readonly byteStart: number; readonly byteEnd: number };
