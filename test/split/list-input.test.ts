import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputMissingError } from '../../lib/errors.ts';
import { MemoryInputStore } from '../../lib/memory/memory-input-store.ts';
import type { ObjectInfo } from '../../lib/ports/object-store.ts';
import { ListingDigest, listInput } from '../../lib/split/list-input.ts';

const listing: readonly ObjectInfo[] = [
  { key: 'a', version: 'v1', bytes: 10 },
  { key: 'b', version: 'v2', bytes: 0 },
  { key: 'c', version: 'v3', bytes: 7 },
];

function digestOf(...pages: readonly (readonly ObjectInfo[])[]): string {
  const digest = new ListingDigest();
  for (const page of pages) digest.add(page);
  return digest.finish().digest;
}

describe('ListingDigest', () => {
  it.each([
    { name: 'a key', changed: listing.with(1, { ...listing[1]!, key: 'B' }) },
    { name: 'a version', changed: listing.with(1, { ...listing[1]!, version: 'v9' }) },
    { name: 'a size', changed: listing.with(1, { ...listing[1]!, bytes: 1 }) },
    { name: 'the order', changed: listing.toReversed() },
    { name: 'an object more', changed: [...listing, { key: 'd', version: 'v4', bytes: 0 }] },
    { name: 'an object less', changed: listing.slice(1) },
    { name: 'an object twice', changed: [...listing, listing[2]!] },
  ])('changes with $name', ({ changed }) => {
    expect(digestOf(changed)).not.toBe(digestOf(listing));
  });

  it.each([
    { name: 'key and version', left: ['ab', 'c', 1], right: ['a', 'bc', 1] },
    { name: 'version and size', left: ['a', 'v1', 11], right: ['a', 'v11', 1] },
  ])('tells where $name meet', ({ left, right }) => {
    const object = ([key, version, bytes]: readonly (string | number)[]) => ({ key, version, bytes }) as ObjectInfo;
    expect(digestOf([object(left)])).not.toBe(digestOf([object(right)]));
  });

  it('is the same wherever the pages end, and adds up objects and bytes', () => {
    const infos = fc.array(fc.record({ key: fc.string(), version: fc.string(), bytes: fc.nat() }), { maxLength: 20 });
    fc.assert(
      fc.property(infos, fc.nat({ max: 20 }), (list, at) => {
        const digest = new ListingDigest();
        digest.add(list.slice(0, at));
        digest.add([]);
        digest.add(list.slice(at));
        expect(digest.finish()).toEqual({
          objects: list.length,
          bytes: list.reduce((sum, { bytes }) => sum + bytes, 0),
          digest: digestOf(list),
        });
      }),
    );
  });
});

describe('listInput', () => {
  it('names an input by everything that lies there, over all pages', async () => {
    const store = new MemoryInputStore();
    for (let index = 0; index < 2_500; index++) store.write(`logs/${String(index).padStart(4, '0')}`, 'x'.repeat(index % 3));
    const infos: ObjectInfo[] = [];
    for await (const page of store.list('logs')) infos.push(...page);
    const expected = { objects: 2_500, bytes: infos.reduce((sum, { bytes }) => sum + bytes, 0), digest: digestOf(infos) };
    expect(await listInput(store, 'visits', 'logs')).toEqual({ name: 'visits', location: 'logs', ...expected });
  });

  it('gives another digest once an object was written again, with the same bytes too', async () => {
    const store = new MemoryInputStore();
    store.write('logs/a', 'same');
    const before = await listInput(store, '', 'logs');
    store.write('logs/a', 'same');
    expect((await listInput(store, '', 'logs')).digest).not.toBe(before.digest);
  });

  it('refuses a location where nothing is', async () => {
    await expect(listInput(new MemoryInputStore(), '', 'nowhere')).rejects.toThrow(InputMissingError);
  });
});
