import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryObjectStore } from '../../lib/memory/memory-object-store.ts';
import type { ObjectStore } from '../../lib/ports/object-store.ts';
import { readJsonArray, writeJsonArray } from '../../lib/work/json-array.ts';

async function elementsOf(work: ObjectStore): Promise<readonly unknown[]> {
  const elements: unknown[] = [];
  for await (const element of readJsonArray({ work }, 'list.json')) elements.push(element);
  return elements;
}

describe('a JSON array in the work area', () => {
  it('reads back what was written, which any JSON parser reads too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), async (elements) => {
        const work = new MemoryObjectStore();
        await writeJsonArray({ work }, 'list.json', elements);
        const written = JSON.parse(JSON.stringify(elements)) as unknown[];
        expect(await elementsOf(work)).toEqual(written);
        expect(JSON.parse(Buffer.from(await work.read('list.json')).toString('utf8'))).toEqual(written);
      }),
    );
  });

  it('is read a piece at a time, wherever a piece cuts an element', async () => {
    const work = new MemoryObjectStore();
    const elements = Array.from({ length: 20_000 }, (_, index) => ({ index, text: 'ü'.repeat(index % 60) }));
    await writeJsonArray({ work }, 'list.json', elements);
    const { bytes } = (await work.head('list.json'))!;
    const pieces: number[] = [];
    work.readRange = async (key, version, byteStart, byteEnd) => {
      pieces.push(byteEnd - byteStart);
      return await MemoryObjectStore.prototype.readRange.call(work, key, version, byteStart, byteEnd);
    };
    work.read = () => Promise.reject(new Error('read whole'));
    expect(await elementsOf(work)).toEqual(elements);
    expect(bytes).toBeGreaterThan(4 * Math.max(...pieces));
  });

  it('is written a piece at a time, as the elements come', async () => {
    const work = new MemoryObjectStore();
    const writtenAt: number[] = [];
    let made = 0;
    const create = work.create.bind(work);
    work.create = async (key) => {
      const writer = await create(key);
      const write = writer.write.bind(writer);
      writer.write = (bytes) => {
        writtenAt.push(made);
        return write(bytes);
      };
      return writer;
    };
    const elements = Array.from({ length: 20_000 }, () => 'x'.repeat(100))
      .values()
      .map((text) => {
        made += 1;
        return text;
      });
    await writeJsonArray({ work }, 'list.json', elements);
    expect(writtenAt[0]).toBeLessThan(5_000);
  });

  it('leaves nothing when its elements cannot be had', async () => {
    const work = new MemoryObjectStore();
    function* broken() {
      yield 1;
      throw new Error('no more');
    }
    await expect(writeJsonArray({ work }, 'list.json', broken())).rejects.toThrow('no more');
    await expect(elementsOf(work)).rejects.toThrow('list.json is not in the work area');
  });
});
