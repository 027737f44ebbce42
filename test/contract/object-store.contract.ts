import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { InputChangedError, InvariantError, ObjectMissingError } from '../../lib/errors.ts';
import type { ObjectInfo, ObjectStore } from '../../lib/ports/object-store.ts';
import { collect } from './collect.ts';

/** `open` gives an empty store each time. */
export function objectStoreContract(adapterName: string, open: () => Promise<ObjectStore>): void {
  describe(`${adapterName} keeps the ObjectStore contract`, () => {
    let store: ObjectStore;
    beforeEach(async () => {
      store = await open();
    });

    describe('put', () => {
      it('is read back as it was written', async () => {
        const info = await store.put('jobs/a/job.json', bytesOf('hello'));
        expect(info).toMatchObject({ key: 'jobs/a/job.json', bytes: 5 });
        expect(textOf(await store.read('jobs/a/job.json'))).toBe('hello');
        expect(await store.head('jobs/a/job.json')).toEqual(info);
      });

      it('replaces the object, under another version', async () => {
        const before = await store.put('a', bytesOf('one'));
        const after = await store.put('a', bytesOf('two'));
        expect(after.version).not.toBe(before.version);
        expect(textOf(await store.read('a'))).toBe('two');
      });

      it('takes an empty object', async () => {
        const info = await store.put('empty', new Uint8Array(0));
        expect(info.bytes).toBe(0);
        expect(await store.read('empty')).toHaveLength(0);
        expect(await store.readRange('empty', info.version, 0, 0)).toHaveLength(0);
      });

      it('keeps no hold on the bytes it was given', async () => {
        const bytes = bytesOf('hello');
        await store.put('a', bytes);
        bytes.fill(0);
        expect(textOf(await store.read('a'))).toBe('hello');
      });

      it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', './a', 'a/.', 'a/..', '.tmp/a', 'a\0b'])(
        'refuses the key %j',
        async (key) => {
          await expect(store.put(key, bytesOf('x'))).rejects.toThrow(InvariantError);
          await expect(store.putIfAbsent(key, bytesOf('x'))).rejects.toThrow(InvariantError);
          await expect(store.read(key)).rejects.toThrow(InvariantError);
          await expect(store.delete([key])).rejects.toThrow(InvariantError);
        },
      );
    });

    describe('putIfAbsent', () => {
      it('writes what is not there', async () => {
        expect(await store.putIfAbsent('a/b', bytesOf('one'))).toBe('written');
        expect(textOf(await store.read('a/b'))).toBe('one');
      });

      it('leaves what is there', async () => {
        const before = await store.put('a/b', bytesOf('one'));
        expect(await store.putIfAbsent('a/b', bytesOf('two'))).toBe('exists');
        expect(textOf(await store.read('a/b'))).toBe('one');
        expect(await store.head('a/b')).toEqual(before);
      });

      it('is won by exactly one of many', async () => {
        const racers = Array.from({ length: 16 }, (_, racer) => `racer ${racer}`);
        const answers = await Promise.all(racers.map((racer) => store.putIfAbsent('a/b', bytesOf(racer))));
        expect(answers.filter((answer) => answer === 'written')).toHaveLength(1);
        expect(textOf(await store.read('a/b'))).toBe(racers[answers.indexOf('written')]);
      });
    });

    describe('readRange', () => {
      it.each([
        [0, 10],
        [0, 0],
        [3, 7],
        [9, 10],
        [10, 10],
      ])('reads bytes [%i, %i) of ten', async (byteStart, byteEnd) => {
        const { version } = await store.put('a', bytesOf('0123456789'));
        expect(textOf(await store.readRange('a', version, byteStart, byteEnd))).toBe('0123456789'.slice(byteStart, byteEnd));
        expect(textOf(await store.readRange('a', undefined, byteStart, byteEnd))).toBe('0123456789'.slice(byteStart, byteEnd));
      });

      it('fills the first bytes of a target and touches no other', async () => {
        const { version } = await store.put('a', bytesOf('0123456789'));
        const target = new Uint8Array(8).fill(0x2e);
        const range = await store.readRange('a', version, 2, 5, target);
        expect(textOf(range)).toBe('234');
        expect(range.buffer).toBe(target.buffer);
        expect(range.byteOffset).toBe(target.byteOffset);
        expect(textOf(target)).toBe('234.....');
      });

      it('reads a large range whole', async () => {
        const content = Uint8Array.from({ length: 3_000_001 }, (_, at) => at % 251);
        const { version } = await store.put('large', content);
        expect(Buffer.compare(await store.readRange('large', version, 1, 3_000_001), content.subarray(1))).toBe(0);
        expect(Buffer.compare(await store.read('large'), content)).toBe(0);
      });

      it('refuses another version than the one asked for', async () => {
        const { version } = await store.put('a', bytesOf('one'));
        await store.put('a', bytesOf('two'));
        await expect(store.readRange('a', version, 0, 3)).rejects.toThrow(InputChangedError);
      });

      it('refuses a range that ends after the object', async () => {
        const { version } = await store.put('a', bytesOf('0123456789'));
        await expect(store.readRange('a', version, 5, 11)).rejects.toThrow(InputChangedError);
        await expect(store.readRange('a', undefined, 20, 21)).rejects.toThrow(InputChangedError);
      });

      it('names the object that is missing', async () => {
        await expect(store.readRange('no/such', undefined, 0, 1)).rejects.toThrow(ObjectMissingError);
        await expect(store.read('no/such')).rejects.toThrow(/no\/such/);
        expect(await store.head('no/such')).toBeUndefined();
      });

      it('takes the folder of an object for no object', async () => {
        await store.put('a/b', bytesOf('x'));
        await expect(store.read('a')).rejects.toThrow(ObjectMissingError);
        await expect(store.readRange('a', undefined, 0, 0)).rejects.toThrow(ObjectMissingError);
        await expect(store.read('a/b/c')).rejects.toThrow(ObjectMissingError);
        expect(await store.head('a')).toBeUndefined();
        expect(await store.head('a/b/c')).toBeUndefined();
      });
    });

    describe('create', () => {
      it('streams an object that is invisible until it is complete', async () => {
        const writer = await store.create('a/streamed');
        await writer.write(bytesOf('one,'));
        await writer.write(bytesOf('two'));
        expect(await store.head('a/streamed')).toBeUndefined();
        expect(await keysOf(store, '')).toEqual([]);
        const info = await writer.complete();
        expect(info).toEqual(await store.head('a/streamed'));
        expect(textOf(await store.read('a/streamed'))).toBe('one,two');
      });

      it('lets the caller reuse its buffer', async () => {
        const buffer = new Uint8Array(3);
        const writer = await store.create('a');
        for (const text of ['one', 'two', 'six']) {
          buffer.set(bytesOf(text));
          await writer.write(buffer);
        }
        await writer.complete();
        expect(textOf(await store.read('a'))).toBe('onetwosix');
      });

      it('leaves the old object until the new one is complete', async () => {
        await store.put('a', bytesOf('old'));
        const writer = await store.create('a');
        await writer.write(bytesOf('new'));
        expect(textOf(await store.read('a'))).toBe('old');
        await writer.complete();
        expect(textOf(await store.read('a'))).toBe('new');
      });

      it('makes an empty object of no writes', async () => {
        const writer = await store.create('a');
        expect(await writer.complete()).toMatchObject({ bytes: 0 });
        expect(await store.read('a')).toHaveLength(0);
      });

      it('leaves nothing when it is aborted', async () => {
        const writer = await store.create('a/b');
        await writer.write(bytesOf('x'));
        await writer.abort();
        await writer.abort();
        expect(await store.head('a/b')).toBeUndefined();
        expect(await keysOf(store, '')).toEqual([]);
        await expect(writer.write(bytesOf('y'))).rejects.toThrow(InvariantError);
      });

      it('keeps the last of two writers whole', async () => {
        const [first, second] = [await store.create('a'), await store.create('a')];
        await first.write(bytesOf('fir'));
        await second.write(bytesOf('second'));
        await first.write(bytesOf('st'));
        await second.complete();
        await first.complete();
        expect(textOf(await store.read('a'))).toBe('first');
      });
    });

    describe('delete', () => {
      it('removes what is there and minds nothing that is not', async () => {
        await store.put('a/b', bytesOf('x'));
        await store.put('a/c', bytesOf('y'));
        await store.delete(['a/b', 'a/missing', 'no/such/folder']);
        expect(await keysOf(store, '')).toEqual(['a/c']);
        await expect(store.read('a/b')).rejects.toThrow(ObjectMissingError);
      });

      it('lets a key be written again', async () => {
        await store.put('a/b/c', bytesOf('x'));
        await store.delete(['a/b/c']);
        await store.delete(['a/b/c']);
        expect(await store.putIfAbsent('a/b/c', bytesOf('y'))).toBe('written');
        expect(textOf(await store.read('a/b/c'))).toBe('y');
      });

      it('takes many keys', async () => {
        const keys = Array.from({ length: 1200 }, (_, number) => `many/${number}`);
        for (const key of keys) await store.put(key, bytesOf(key));
        await store.delete(keys);
        expect(await keysOf(store, '')).toEqual([]);
      });

      it('of a folder key touches nothing in it', async () => {
        await store.put('a/b', bytesOf('x'));
        await store.delete(['a']).catch(() => undefined);
        expect(await keysOf(store, '')).toEqual(['a/b']);
      });
    });

    describe('list', () => {
      it('gives keys in UTF-8 byte order of the whole key', async () => {
        const keys = ['a-b', 'a/b', 'a/b-c', 'a/b.d/e', 'a0', 'aa', 'é', 'z', '\uffee', '\u{1f600}', 'B', 'a b', 'a!/x', 'a/%'];
        for (const key of keys) await store.put(key, bytesOf(key));
        expect(await keysOf(store, '')).toEqual(inByteOrder(keys));
      });

      it.each(['', 'a', 'a/', 'a/b', 'a/b/', 'ab', 'x', 'a/b/c'])('gives the keys that begin with %j', async (prefix) => {
        const keys = ['a/b/c', 'a/b/d', 'a/bc', 'a/c', 'ab', 'abc/d', 'b/a'];
        for (const key of keys) await store.put(key, bytesOf(key));
        expect(await keysOf(store, prefix)).toEqual(keys.filter((key) => key.startsWith(prefix)));
      });

      it('gives pages of at most 1,000, each object once', async () => {
        const keys = Array.from({ length: 2001 }, (_, number) => `p/${number}`);
        for (const key of keys) await store.put(key, bytesOf(''));
        const pages = await pagesOf(store, 'p/');
        expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(1000);
        expect(pages.flat().map((info) => info.key)).toEqual(inByteOrder(keys));
      });

      it('gives what head gives', async () => {
        for (const key of ['a/b', 'c']) await store.put(key, bytesOf(key));
        const listed = (await pagesOf(store, '')).flat();
        expect(listed).toEqual([await store.head('a/b'), await store.head('c')]);
      });

      it('gives nothing of an empty store', async () => {
        expect(await pagesOf(store, '')).toEqual([]);
        expect(await pagesOf(store, 'no/such/')).toEqual([]);
      });

      it('orders any keys as their bytes', async () => {
        const part = fc.string({
          unit: fc.constantFrom('a', 'b', '-', '.', '0', 'é', '\u{10000}', '\uffff'),
          minLength: 1,
          maxLength: 3,
        });
        const key = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.map((text) => `x${text}`).join('/'));
        await fc.assert(
          fc.asyncProperty(fc.uniqueArray(key, { minLength: 1, maxLength: 12 }), async (keys) => {
            const apart = keys.filter((one) => !keys.some((other) => other.startsWith(`${one}/`)));
            for (const one of apart) await store.put(one, bytesOf(one));
            const listed = await keysOf(store, '');
            await store.delete(apart);
            expect(listed).toEqual(inByteOrder(apart));
          }),
          { numRuns: 50 },
        );
      });
    });
  });
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

async function pagesOf(store: ObjectStore, prefix: string): Promise<readonly (readonly ObjectInfo[])[]> {
  return collect(store.list(prefix));
}

async function keysOf(store: ObjectStore, prefix: string): Promise<readonly string[]> {
  return (await pagesOf(store, prefix)).flat().map((info) => info.key);
}

function inByteOrder(keys: readonly string[]): string[] {
  return keys.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}
