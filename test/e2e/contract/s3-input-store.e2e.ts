import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { S3InputStore } from '../../../lib/aws/s3/s3-input-store.ts';
import { InputMissingError } from '../../../lib/errors.ts';
import type { InputStore } from '../../../lib/ports/input-store.ts';
import { collect } from '../../contract/collect.ts';
import { inputStoreContract } from '../../contract/input-store.contract.ts';
import { testBucket } from './s3-place.ts';

const { bucket, requests, newPrefix } = testBucket();
const store = new S3InputStore({ requests });

const write = async (key: string, content = ''): Promise<void> => {
  await requests.client(S3Client).send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(content) }));
};

inputStoreContract('S3InputStore', async () => {
  const prefix = newPrefix();
  return {
    store: storeBelow(`s3://${bucket}/${prefix}`),
    write: (key, content) => write(prefix + key, content),
    remove: async (key) => {
      await requests.client(S3Client).send(new DeleteObjectCommand({ Bucket: bucket, Key: prefix + key }));
    },
  };
});

/** The suite's keys begin with `in/`, those of S3 with their bucket. */
function storeBelow(base: string): InputStore {
  return {
    async *list(location) {
      for await (const page of store.list(base + location)) {
        yield page.map((info) => ({ ...info, key: info.key.slice(base.length) }));
      }
    },
    readRange: (key, ...range) => store.readRange(base + key, ...range),
  };
}

describe('S3InputStore', () => {
  const keysOf = async (location: string): Promise<readonly string[]> =>
    (await collect(store.list(location))).flat().map((info) => info.key);

  it('takes an exact key before a folder of that name, and the folder by its slash', async () => {
    const base = `${newPrefix()}logs`;
    for (const key of [base, `${base}/a`, `${base}/b`]) await write(key, 'x');
    expect(await keysOf(`s3://${bucket}/${base}`)).toEqual([`s3://${bucket}/${base}`]);
    expect(await keysOf(`s3://${bucket}/${base}/`)).toEqual([`s3://${bucket}/${base}/a`, `s3://${bucket}/${base}/b`]);
  });

  it('takes globs over keys, and what lies below a folder that matches', async () => {
    const base = newPrefix();
    const keys = ['2025-01/a.csv', '2026-01/a.csv', '2026-01/b.txt', '2026-02/x/c.csv', '2026-02/_d.csv', 'z.csv'];
    for (const key of keys) await write(base + key);
    const matches = async (glob: string) => (await keysOf(`s3://${bucket}/${base}${glob}`)).map((key) => key.split(base)[1]);
    expect(await matches('2026-*')).toEqual(['2026-01/a.csv', '2026-01/b.txt', '2026-02/x/c.csv']);
    expect(await matches('2026-*/*.csv')).toEqual(['2026-01/a.csv']);
    expect(await matches('**/*.csv')).toEqual(['2025-01/a.csv', '2026-01/a.csv', '2026-02/x/c.csv', 'z.csv']);
    expect(await matches('*/_d.csv')).toEqual(['2026-02/_d.csv']);
    await expect(matches('*.parquet')).rejects.toThrow(InputMissingError);
  });

  it('takes a name that is there as it is written for no glob', async () => {
    const base = newPrefix();
    for (const key of ['a[1].csv', 'a1.csv']) await write(base + key);
    expect(await keysOf(`s3://${bucket}/${base}a[1].csv`)).toEqual([`s3://${bucket}/${base}a[1].csv`]);
    expect(await keysOf(`s3://${bucket}/${base}a[12].csv`)).toEqual([`s3://${bucket}/${base}a1.csv`]);
  });

  it('leaves out the empty objects that stand for folders', async () => {
    const base = newPrefix();
    for (const key of ['in/', 'in/sub/', 'in/sub/a']) await write(base + key);
    expect(await keysOf(`s3://${bucket}/${base}in`)).toEqual([`s3://${bucket}/${base}in/sub/a`]);
    await write(`${base}empty/`);
    expect(await keysOf(`s3://${bucket}/${base}empty`)).toEqual([]);
  });

  it('reads keys with characters that URLs and XML have no place for', async () => {
    const base = newPrefix();
    const names = ['a b+c%20.txt', 'ä&<>"\'.txt', '\u0001.txt', 'a//b', '#?.txt'];
    for (const name of names) await write(base + name, name);
    const found = (await collect(store.list(`s3://${bucket}/${base}`))).flat();
    expect(found.map(({ key }) => key.split(base)[1]).toSorted()).toEqual(names.toSorted());
    for (const { key, version, bytes } of found) {
      expect(new TextDecoder().decode(await store.readRange(key, version, 0, bytes))).toBe(key.split(base)[1]);
    }
  });

  it('says so when the bucket is not there', async () => {
    await expect(keysOf(`s3://${bucket}-not-there/in`)).rejects.toThrow(InputMissingError);
  });
});
