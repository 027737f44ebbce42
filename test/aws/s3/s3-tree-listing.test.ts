import { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccessDeniedError } from '../../../lib/aws/requests/aws-error.ts';
import { listTree } from '../../../lib/aws/s3/s3-tree-listing.ts';
import { compareKeys } from '../../../lib/ports/key-order.ts';
import { collect } from '../../contract/collect.ts';
import { type ScriptedAnswer, type SentRequest, s3Error, scriptedAws } from '../scripted-aws.ts';

/** A bucket with these keys, whose pages hold `pageKeys` entries. */
function bucketOf(keys: readonly string[], pageKeys: number, fails: (request: SentRequest) => boolean = () => false) {
  const sorted = keys.toSorted(compareKeys);
  let inFlight = 0;
  const most = { inFlight: 0 };
  const answer = async (request: SentRequest): Promise<ScriptedAnswer> => {
    const { query } = request;
    if (fails(request)) return s3Error(403, 'AccessDenied');
    most.inFlight = Math.max(most.inFlight, ++inFlight);
    await new Promise((resolve) => setImmediate(resolve));
    inFlight -= 1;
    const { prefix = '', delimiter } = query;
    const after = query['continuation-token'] ?? query['start-after'] ?? '';
    const entries = new Map<string, 'folder' | 'key'>();
    for (const key of sorted.filter((each) => each.startsWith(prefix) && compareKeys(each, after) > 0)) {
      const cut = delimiter === undefined ? -1 : key.indexOf('/', prefix.length);
      const entry = cut === -1 ? key : key.slice(0, cut + 1);
      if (entry !== after) entries.set(entry, cut === -1 ? 'key' : 'folder');
      if (entries.size > pageKeys) break;
    }
    const page = [...entries].slice(0, pageKeys);
    const last = page.at(-1);
    // After a folder, S3 goes on behind all that it holds.
    const next = last?.[1] === 'folder' ? `${last[0]}\u{10ffff}` : last?.[0];
    const text = page.map(([entry, kind]) =>
      kind === 'key'
        ? `<Contents><Key>${encodeURIComponent(entry)}</Key><Size>1</Size><ETag>"e"</ETag></Contents>`
        : `<CommonPrefixes><Prefix>${encodeURIComponent(entry)}</Prefix></CommonPrefixes>`,
    );
    const more =
      entries.size > pageKeys ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>` : '';
    return { body: `<ListBucketResult>${text.join('')}${more}</ListBucketResult>` };
  };
  const { requests, sent } = scriptedAws(answer);
  return { client: requests.client(S3Client), sent, most };
}

const keysBelow = async (client: S3Client, prefix: string): Promise<readonly string[]> =>
  (await collect(listTree(client, 'bucket', prefix))).flat().map(({ key }) => key);

describe('listTree', () => {
  it('gives what begins with the prefix, each key once and in order, however it lies in folders', async () => {
    const name = fc.constantFrom('a', 'b', 'B', '0', '-', '.', 'é', '\u{10000}', '\uffee');
    const end = fc.constantFrom('', '', '/');
    const key = fc
      .tuple(fc.array(name, { minLength: 1, maxLength: 5 }), end)
      .map(([parts, slash]) => `in/${parts.join('/')}${slash}`);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 80 }), fc.integer({ min: 1, max: 5 }), async (keys, pageKeys) => {
        const { client } = bucketOf([...keys, 'ina', 'i', 'in0/x'], pageKeys);
        expect(await keysBelow(client, 'in/')).toEqual(keys.toSorted(compareKeys));
      }),
      { numRuns: 100 },
    );
  });

  it('asks once for what fits a page', async () => {
    const { client, sent } = bucketOf(['in/a', 'in/b/c'], 10);
    expect(await keysBelow(client, 'in/')).toHaveLength(2);
    expect(sent).toHaveLength(1);
  });

  it('lists many folders side by side', async () => {
    const keys = Array.from({ length: 4_000 }, (_, number) => `in/2026/${number % 20}/${number}`);
    const { client, sent, most } = bucketOf(keys, 20);
    expect(await keysBelow(client, 'in/')).toEqual(keys.toSorted(compareKeys));
    expect(most.inFlight).toBeGreaterThan(8);
    expect(most.inFlight).toBeLessThanOrEqual(16);
    expect(sent.length).toBeLessThan(1.5 * (4_000 / 20));
  });

  it('makes few requests more for a great many small folders', async () => {
    const keys = Array.from({ length: 3_000 }, (_, number) => `in/${number}/only`);
    const { client, sent } = bucketOf(keys, 100);
    expect(await keysBelow(client, 'in/')).toEqual(keys.toSorted(compareKeys));
    expect(sent.length).toBeLessThan(3_000 / 100 + 100);
  });

  it('fails when a list fails, after what came before it', async () => {
    const keys = Array.from({ length: 100 }, (_, number) => `in/${String(number % 10)}/${number}`);
    const { client } = bucketOf(keys, 5, ({ query }) => query['start-after'] === 'in/7/' && query.delimiter === undefined);
    const seen: string[] = [];
    const list = async () => {
      for await (const page of listTree(client, 'bucket', 'in/')) seen.push(...page.map(({ key }) => key));
    };
    await expect(list()).rejects.toThrow(AccessDeniedError);
    expect(seen).toEqual(keys.toSorted(compareKeys).slice(0, seen.length));
    expect(seen).toHaveLength(70);
  });
});
