import * as zlib from 'node:zlib';

/** Items that are compressed together: what is unpacked at a time. */
export const ITEMS_PER_PAGE = 1_000;

/**
 * Plain data by the hundred thousand, such as the attempts that a step's output is made of, kept as compressed JSON. Items of one list
 * differ in little but their ids, so that one takes a few dozen bytes where as an object with texts it takes several hundred.
 */
export class PackedList<T> implements Iterable<T> {
  private readonly pages: Uint8Array[] = [];
  /** The items behind the last page. */
  private open: T[] = [];

  static of<T>(items: Iterable<T>): PackedList<T> {
    const list = new PackedList<T>();
    for (const item of items) list.push(item);
    return list;
  }

  get length(): number {
    return this.pages.length * ITEMS_PER_PAGE + this.open.length;
  }

  /** What the packed items take. */
  get packedBytes(): number {
    return this.pages.reduce((sum, page) => sum + page.length, 0);
  }

  push(item: T): void {
    this.open.push(item);
    if (this.open.length < ITEMS_PER_PAGE) return;
    const text = Buffer.from(JSON.stringify(this.open));
    // A copy: what zlib answers is a piece of a larger buffer.
    this.pages.push(Uint8Array.from(zlib.zstdCompressSync(text, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } })));
    this.open = [];
  }

  *[Symbol.iterator](): Generator<T> {
    for (let at = 0; at < this.length; at += ITEMS_PER_PAGE) yield* this.slice(at, at + ITEMS_PER_PAGE);
  }

  /** Unpacks the pages that hold items [start, end), so ask for many at once. */
  slice(start: number, end: number): T[] {
    const items: T[] = [];
    for (let page = Math.floor(start / ITEMS_PER_PAGE); page <= this.pages.length; page++) {
      const first = page * ITEMS_PER_PAGE;
      if (first >= end) break;
      for (const item of this.itemsOf(page).slice(Math.max(0, start - first), end - first)) items.push(item);
    }
    return items;
  }

  private itemsOf(page: number): readonly T[] {
    const packed = this.pages[page];
    return packed === undefined ? this.open : (JSON.parse(zlib.zstdDecompressSync(packed).toString('utf8')) as T[]);
  }
}
