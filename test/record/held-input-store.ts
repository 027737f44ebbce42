import { MemoryInputStore } from '../../lib/memory/memory-input-store.ts';
import type { InputStore } from '../../lib/ports/input-store.ts';
import type { InputRange } from '../../lib/record/reader.ts';

type HeldRead = { readonly key: string; readonly bytes: number; readonly go: () => void };

/** Input in memory whose reads end when the test says so, in whatever order it says. */
export class HeldInputStore extends MemoryInputStore implements InputStore {
  readonly chunkBytes = 1024 * 1024;
  /** Every read so far, in the order they were asked for. */
  readonly asked: string[] = [];
  /** The reads in flight. */
  readonly held: HeldRead[] = [];
  readsMax = 0;
  bytesMax = 0;

  override async readRange(...args: Parameters<InputStore['readRange']>): Promise<Uint8Array> {
    const [key, , byteStart, byteEnd] = args;
    this.asked.push(`${key} ${byteStart}-${byteEnd}`);
    await new Promise<void>((go) => {
      this.held.push({ key, bytes: byteEnd - byteStart, go });
      this.readsMax = Math.max(this.readsMax, this.held.length);
      this.bytesMax = Math.max(
        this.bytesMax,
        this.held.reduce((sum, { bytes }) => sum + bytes, 0),
      );
    });
    return super.readRange(...args);
  }

  /** Ends one of the reads in flight. */
  release(index = 0): void {
    const [read] = this.held.splice(index, 1);
    read?.go();
  }

  /** Ends reads until `work` is over; `pick` says which of so many in flight. */
  async serve<Result>(work: Promise<Result>, pick: (count: number) => number = () => 0): Promise<Result> {
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    over.catch(() => {});
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.held.length > 0) this.release(pick(this.held.length));
    }
    return over;
  }

  /** Writes the objects, and answers a range of the whole of each. */
  async writeAll(contents: readonly (string | Uint8Array)[]): Promise<InputRange[]> {
    for (const [index, content] of contents.entries()) this.write(keyOf(index), content);
    const ranges: InputRange[] = [];
    for await (const page of this.list('in')) {
      for (const { key, version, bytes } of page) ranges.push({ key, version, bytes, byteStart: 0, byteEnd: bytes });
    }
    return ranges;
  }
}

export const keyOf = (index: number): string => `in/${String(index).padStart(5, '0')}`;
