import { beforeEach, describe, expect, it } from 'vitest';
import { InputChangedError, InputMissingError } from '../../lib/errors.ts';
import type { InputStore } from '../../lib/ports/input-store.ts';
import { collect } from './collect.ts';

/** A store with a place that the test writes to. Keys begin with `in/`. */
export type InputPlace = {
  readonly store: InputStore;
  readonly write: (key: string, content: string) => Promise<void>;
  readonly remove: (key: string) => Promise<void>;
};

/** `open` gives an empty place each time. */
export function inputStoreContract(adapterName: string, open: () => Promise<InputPlace>): void {
  describe(`${adapterName} keeps the InputStore contract`, () => {
    let place: InputPlace;
    beforeEach(async () => {
      place = await open();
    });

    const keysOf = async (location: string): Promise<readonly string[]> =>
      (await collect(place.store.list(location))).flat().map((info) => info.key);

    const versionOf = async (key: string): Promise<string> => {
      const [info] = (await collect(place.store.list(key))).flat();
      expect(info?.key).toBe(key);
      return info?.version ?? '';
    };

    describe('list', () => {
      it('gives a single object by its key', async () => {
        await place.write('in/a.txt', 'hello');
        expect(await collect(place.store.list('in/a.txt'))).toEqual([
          [{ key: 'in/a.txt', bytes: 5, version: expect.any(String) }],
        ]);
      });

      it('gives what lies below a folder, in UTF-8 byte order of the keys', async () => {
        const keys = ['in/a-b', 'in/a/b', 'in/a/c/d', 'in/a0', 'in/B', 'in/é', 'in/\uffee', 'in/\u{1f600}'];
        for (const key of keys) await place.write(key, key);
        const expected = keys.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
        expect(await keysOf('in')).toEqual(expected);
        expect(await keysOf('in/')).toEqual(expected);
      });

      it('gives the keys of one folder and not those of its longer-named neighbour', async () => {
        for (const key of ['in/logs/a', 'in/logs-old/b', 'in/logs2']) await place.write(key, '');
        expect(await keysOf('in/logs')).toEqual(['in/logs/a']);
      });

      it('skips names that begin with _ or ., at any depth', async () => {
        const hidden = ['in/_SUCCESS', 'in/.crc', 'in/_temporary/a', 'in/x/.hidden/y', 'in/x/_y'];
        for (const key of [...hidden, 'in/x/y', 'in/a_b.c']) await place.write(key, '');
        expect(await keysOf('in')).toEqual(['in/a_b.c', 'in/x/y']);
      });

      it('does not skip what the location itself names', async () => {
        await place.write('in/_logs/a', '');
        await place.write('in/.env', '');
        expect(await keysOf('in/_logs')).toEqual(['in/_logs/a']);
        expect(await keysOf('in/.env')).toEqual(['in/.env']);
      });

      it('gives empty objects too', async () => {
        await place.write('in/empty', '');
        expect((await collect(place.store.list('in'))).flat()).toMatchObject([{ key: 'in/empty', bytes: 0 }]);
      });

      it('gives pages of at most 1,000, each object once', async () => {
        const keys = Array.from({ length: 1500 }, (_, number) => `in/p/${String(number).padStart(5, '0')}`);
        for (const key of keys) await place.write(key, '');
        const pages = await collect(place.store.list('in/p'));
        expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(1000);
        expect(pages.flat().map((info) => info.key)).toEqual(keys);
      });

      it('says so when the location names nothing', async () => {
        await place.write('in/a', '');
        await expect(keysOf('in/b')).rejects.toThrow(InputMissingError);
        await expect(keysOf('in/a/b')).rejects.toThrow(/in\/a\/b/);
      });

      it('gives a changed object another version', async () => {
        await place.write('in/a', 'one');
        const before = await versionOf('in/a');
        await place.write('in/a', 'longer');
        expect(await versionOf('in/a')).not.toBe(before);
      });
    });

    describe('readRange', () => {
      it('reads exactly the bytes of the range', async () => {
        await place.write('in/a', '0123456789');
        const version = await versionOf('in/a');
        for (const [byteStart, byteEnd] of [
          [0, 10],
          [2, 5],
          [9, 10],
          [4, 4],
        ] as const) {
          const range = await place.store.readRange('in/a', version, byteStart, byteEnd);
          expect(new TextDecoder().decode(range)).toBe('0123456789'.slice(byteStart, byteEnd));
        }
      });

      it('fills the first bytes of a target and touches no other', async () => {
        await place.write('in/a', '0123456789');
        const target = new Uint8Array(6).fill(0x2e);
        const range = await place.store.readRange('in/a', await versionOf('in/a'), 2, 5, target);
        expect(range.buffer).toBe(target.buffer);
        expect(range).toHaveLength(3);
        expect(new TextDecoder().decode(target)).toBe('234...');
      });

      it('reads a large range whole', async () => {
        const content = 'abcdefghijk'.repeat(300_000);
        await place.write('in/large', content);
        const range = await place.store.readRange('in/large', await versionOf('in/large'), 1, content.length);
        expect(new TextDecoder().decode(range) === content.slice(1)).toBe(true);
      });

      it('refuses an object that changed since it was listed', async () => {
        await place.write('in/a', 'before');
        const version = await versionOf('in/a');
        await place.write('in/a', 'and after');
        await expect(place.store.readRange('in/a', version, 0, 6)).rejects.toThrow(InputChangedError);
        await expect(place.store.readRange('in/a', version, 0, 6)).rejects.toThrow(/in\/a changed/);
      });

      it('refuses an object that is gone', async () => {
        await place.write('in/a', 'before');
        const version = await versionOf('in/a');
        await place.remove('in/a');
        await expect(place.store.readRange('in/a', version, 0, 6)).rejects.toThrow(InputChangedError);
      });

      it('refuses a range that ends after the object', async () => {
        await place.write('in/a', '0123456789');
        await expect(place.store.readRange('in/a', await versionOf('in/a'), 5, 11)).rejects.toThrow(InputChangedError);
      });
    });
  });
}
