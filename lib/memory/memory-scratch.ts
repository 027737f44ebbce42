import { assert } from '../errors.ts';
import type { Scratch, ScratchFile } from '../ports/scratch.ts';

/** Temporary files in memory. */
export class MemoryScratch implements Scratch {
  readonly #open = new Set<MemoryScratchFile>();

  create(): ScratchFile {
    const file = new MemoryScratchFile((ended) => this.#open.delete(ended));
    this.#open.add(file);
    return file;
  }

  clear(): void {
    for (const file of this.#open) file.delete();
  }
}

class MemoryScratchFile implements ScratchFile {
  readonly #onDelete: (file: MemoryScratchFile) => void;
  /** Grows by doubling; content is content[0, bytes). */
  #content: Uint8Array | undefined = new Uint8Array(1024);
  #bytes = 0;

  constructor(onDelete: (file: MemoryScratchFile) => void) {
    this.#onDelete = onDelete;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(bytes: Uint8Array): void {
    let content = this.#held();
    if (this.#bytes + bytes.length > content.length) {
      const grown = new Uint8Array(Math.max(content.length * 2, this.#bytes + bytes.length));
      grown.set(content.subarray(0, this.#bytes));
      this.#content = grown;
      content = grown;
    }
    content.set(bytes, this.#bytes);
    this.#bytes += bytes.length;
  }

  read(byteStart: number, target: Uint8Array): number {
    const range = this.#held()
      .subarray(0, this.#bytes)
      .subarray(byteStart, byteStart + target.length);
    target.set(range);
    return range.length;
  }

  delete(): void {
    this.#content = undefined;
    this.#onDelete(this);
  }

  #held(): Uint8Array {
    assert(this.#content !== undefined, 'a deleted scratch file is not used again');
    return this.#content;
  }
}
