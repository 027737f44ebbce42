import { describe, expect, it } from 'vitest';
import { S3InputStore } from '../../../lib/aws/s3/s3-input-store.ts';
import { InputChangedError, InputMissingError, InputUnreadableError } from '../../../lib/errors.ts';
import { collect } from '../../contract/collect.ts';
import { type ScriptedAnswer, type SentRequest, s3Error, scriptedAws } from '../scripted-aws.ts';

const storeOver = (answer: (request: SentRequest) => ScriptedAnswer): S3InputStore =>
  new S3InputStore({ requests: scriptedAws(answer).requests });

const listing = (...keys: readonly string[]): ScriptedAnswer => {
  const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size><ETag>"e"</ETag></Contents>`);
  return { body: `<ListBucketResult>${contents.join('')}</ListBucketResult>` };
};

describe('S3InputStore', () => {
  it('lists a folder by its name for a role that may look into the folder only', async () => {
    const store = storeOver(({ query }) =>
      query.prefix?.startsWith('logs/') ? listing('logs/a', 'logs/b') : s3Error(403, 'AccessDenied'),
    );
    const [page] = await collect(store.list('s3://bucket/logs'));
    expect(page?.map(({ key }) => key)).toEqual(['s3://bucket/logs/a', 's3://bucket/logs/b']);
  });

  it('says that it may not look, rather than that there is nothing', async () => {
    const denied = storeOver(() => s3Error(403, 'AccessDenied'));
    await expect(collect(denied.list('s3://bucket/logs'))).rejects.toThrow(InputUnreadableError);
    const half = storeOver(({ query }) => (query.prefix === 'logs/' ? listing() : s3Error(403, 'AccessDenied')));
    await expect(collect(half.list('s3://bucket/logs'))).rejects.toThrow(InputUnreadableError);
  });

  it('says which bucket or prefix is missing', async () => {
    const store = storeOver(() => s3Error(404, 'NoSuchBucket'));
    await expect(collect(store.list('s3://bucket/logs'))).rejects.toThrow(InputMissingError);
    await expect(collect(storeOver(() => listing()).list('s3://bucket/'))).rejects.toThrow(/s3:\/\/bucket\//);
  });

  it.each([
    ['denied', s3Error(403, 'AccessDenied'), InputUnreadableError, /not allowed/],
    ['archived', s3Error(403, 'InvalidObjectState'), InputUnreadableError, /archived/],
    ['gone', s3Error(404, 'NoSuchKey'), InputChangedError, /no object/],
    ['another', s3Error(412, 'PreconditionFailed'), InputChangedError, /another version/],
  ])('says of an object that is %s what it is', async (_, answer, kind, text) => {
    const error = await storeOver(() => answer)
      .readRange('s3://bucket/logs/a', 'e', 0, 4)
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(text);
  });
});
