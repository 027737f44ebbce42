import { MemoryInputStore } from '../../lib/memory/memory-input-store.ts';
import { readRange } from '../../lib/record/read-range.ts';
import type { RangeAccount, Reader } from '../../lib/record/reader.ts';
import { Slice } from '../../lib/record/slice.ts';

export type Read<R> = {
  readonly records: readonly R[];
  readonly bytes: readonly number[];
  readonly accounts: readonly RangeAccount[];
};
type Options = { readonly chunkBytes?: number; readonly recordBytesMax?: number; readonly pauseEvery?: number };

/** Reads an object range by range, each with a scanner of its own; slices are copied. `cuts` are where ranges meet. */
export async function readObject<R>(
  reader: Reader<R>,
  content: Uint8Array | string,
  cuts: readonly number[] = [],
  options: Options = {},
) {
  const input = new MemoryInputStore();
  input.write('in/object', content);
  return readStored(reader, input, 'in/object', cuts, options);
}

export async function readStored<R>(
  reader: Reader<R>,
  input: MemoryInputStore,
  key: string,
  cuts: readonly number[],
  options: Options = {},
) {
  const { pauseEvery = 0, ...rest } = options;
  const info = await infoOf(input, key);
  const records: R[] = [];
  const bytes: number[] = [];
  const accounts: RangeAccount[] = [];
  const edges = [0, ...cuts.filter((cut) => cut > 0 && cut < info.bytes).toSorted((a, b) => a - b), info.bytes];
  for (let index = 0; index + 1 < edges.length; index++) {
    const range = { key, version: info.version, bytes: info.bytes, byteStart: edges[index]!, byteEnd: edges[index + 1]! };
    if (range.byteStart === range.byteEnd && info.bytes > 0) continue;
    let base = 0;
    const before = records.length;
    const account = await readRange<R>({
      ...rest,
      input,
      reader,
      scanner: reader.open(),
      range,
      onWindow: (byteBase) => {
        base = byteBase;
      },
      sink: (record, at) => {
        records.push(record instanceof Slice ? (record.copy() as R) : record);
        bytes.push(base + at);
        return pauseEvery === 0 || records.length % pauseEvery !== 0;
      },
      drain: () => undefined,
    });
    if (account.records !== records.length - before)
      throw new Error(`${account.records} records on the account, ${records.length - before} handed out`);
    accounts.push(account);
  }
  checkTiles(accounts);
  return { records, bytes, accounts } satisfies Read<R>;
}

export async function infoOf(input: MemoryInputStore, key: string) {
  for await (const [info] of input.list(key)) if (info !== undefined) return info;
  throw new Error(`${key} is not there`);
}

export const asText = (records: readonly Slice[]): string[] => records.map((record) => record.toString());
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What is owned must follow on without gap or overlap. */
function checkTiles(accounts: readonly RangeAccount[]): void {
  for (let index = 1; index < accounts.length; index++) {
    const { ownedEnd } = accounts[index - 1]!;
    const { ownedStart } = accounts[index]!;
    if (ownedStart !== ownedEnd) throw new Error(`range ${index - 1} owns up to ${ownedEnd}, range ${index} from ${ownedStart}`);
  }
}
