import { assert, PartMissingError } from '../errors.ts';
import { isSuccessOf } from '../output/success-file.ts';
import {
  comparePartNames,
  isPartName,
  type OutputState,
  type OutputStore,
  type PartWriter,
  type StagedPart,
} from '../ports/output-store.ts';
import { joinBytes } from './memory-object-store.ts';

/** All output paths of a world. What is staged and published outlives the stores that `open` gives, as a disk would. */
export class MemoryOutputs {
  readonly #folders = new Map<string, OutputFolder>();

  readonly open = (location: string, jobId: string): MemoryOutputStore => {
    let folder = this.#folders.get(location);
    if (folder === undefined) {
      folder = { published: new Map(), staged: new Map() };
      this.#folders.set(location, folder);
    }
    return new MemoryOutputStore(folder, jobId);
  };
}

type OutputFolder = {
  /** By file name. */
  readonly published: Map<string, Published>;
  /** By job, part name and attempt. */
  readonly staged: Map<string, Uint8Array>;
};
type Published = { readonly bytes: Uint8Array; readonly attemptId: string };

const SUCCESS_NAME = '_SUCCESS';

/** One job's output path in memory. */
export class MemoryOutputStore implements OutputStore {
  readonly #folder: OutputFolder;
  readonly #jobId: string;

  constructor(folder: OutputFolder, jobId: string) {
    this.#folder = folder;
    this.#jobId = jobId;
  }

  async inspect(): Promise<OutputState> {
    const names = [...this.#folder.published.keys()];
    const [example] = names.sort(comparePartNames);
    if (example === undefined) return { kind: 'empty' };
    return { kind: 'occupied', example, succeeded: names.includes(SUCCESS_NAME) };
  }

  async stage(name: string, attemptId: string): Promise<PartWriter> {
    return new MemoryPartWriter(name, attemptId, (bytes) => this.#folder.staged.set(this.#ref(name, attemptId), bytes));
  }

  async publish({ name, attemptId }: StagedPart): Promise<'published' | 'gone'> {
    const ref = this.#ref(name, attemptId);
    const bytes = this.#folder.staged.get(ref);
    if (bytes === undefined) return this.#folder.published.get(name)?.attemptId === attemptId ? 'published' : 'gone';
    this.#folder.published.set(name, { bytes, attemptId });
    this.#folder.staged.delete(ref);
    return 'published';
  }

  async isStaged({ name, attemptId }: StagedPart): Promise<'staged' | 'published' | 'gone'> {
    if (this.#folder.staged.has(this.#ref(name, attemptId))) return 'staged';
    return this.#folder.published.get(name)?.attemptId === attemptId ? 'published' : 'gone';
  }

  async discard({ name, attemptId }: StagedPart): Promise<void> {
    this.#folder.staged.delete(this.#ref(name, attemptId));
  }

  async writeSuccess(content: Uint8Array): Promise<void> {
    this.#folder.published.set(SUCCESS_NAME, { bytes: content.slice(), attemptId: this.#jobId });
  }

  async readSuccess(): Promise<Uint8Array | undefined> {
    return this.#folder.published.get(SUCCESS_NAME)?.bytes.slice();
  }

  async clear(keep: readonly string[], createdAtMs: number): Promise<void> {
    const success = this.#folder.published.get(SUCCESS_NAME)?.bytes;
    if (success !== undefined && isSuccessOf(success, { jobId: this.#jobId, createdAtMs })) return;
    this.#folder.published.delete(SUCCESS_NAME);
    for (const name of this.#folder.published.keys()) {
      if (isPartName(name) && !keep.includes(name)) this.#folder.published.delete(name);
    }
  }

  async *readPart(name: string): AsyncGenerator<Uint8Array> {
    const part = this.#folder.published.get(name);
    if (part === undefined) throw new PartMissingError({ path: name });
    if (part.bytes.length > 0) yield part.bytes.slice();
  }

  async listParts(): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
    const parts = [...this.#folder.published].map(([name, { bytes }]) => ({ name, bytes: bytes.length }));
    return parts.filter(({ name }) => isPartName(name)).sort((left, right) => comparePartNames(left.name, right.name));
  }

  async sweep(): Promise<void> {
    for (const ref of this.#folder.staged.keys()) {
      if (ref.startsWith(`${this.#jobId}/`)) this.#folder.staged.delete(ref);
    }
  }

  #ref(name: string, attemptId: string): string {
    return `${this.#jobId}/${name}/${attemptId}`;
  }
}

class MemoryPartWriter implements PartWriter {
  readonly #name: string;
  readonly #attemptId: string;
  readonly #stage: (bytes: Uint8Array) => void;
  readonly #pieces: Uint8Array[] = [];
  #ended = false;

  constructor(name: string, attemptId: string, stage: (bytes: Uint8Array) => void) {
    this.#name = name;
    this.#attemptId = attemptId;
    this.#stage = stage;
  }

  async write(bytes: Uint8Array): Promise<void> {
    assert(!this.#ended, 'a part that was finished or aborted takes no more bytes');
    this.#pieces.push(bytes.slice());
  }

  async finish(): Promise<StagedPart> {
    assert(!this.#ended, 'a part is finished once');
    this.#ended = true;
    const bytes = joinBytes(this.#pieces);
    this.#stage(bytes);
    return { name: this.#name, ref: `memory:${this.#attemptId}`, attemptId: this.#attemptId, bytes: bytes.length };
  }

  async abort(): Promise<void> {
    this.#ended = true;
  }
}
