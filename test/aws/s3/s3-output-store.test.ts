import { describe, expect, it } from 'vitest';
import { openS3Output } from '../../../lib/aws/s3/s3-output-store.ts';
import { formatStagedRef } from '../../../lib/aws/s3/staged-ref.ts';
import { OutputUnwritableError } from '../../../lib/errors.ts';
import type { OutputStore, StagedPart } from '../../../lib/ports/output-store.ts';
import { networkError, type ScriptedAnswer, type SentRequest, s3Error, scriptedAws } from '../scripted-aws.ts';

function outputOver(answer: (request: SentRequest, index: number) => ScriptedAnswer) {
  const { requests, sent } = scriptedAws(answer);
  const output: OutputStore = openS3Output({ requests })('s3://out-bucket/out/', 'job-1');
  return { output, requests, sent };
}

const PART: StagedPart = {
  name: 'part-00000.tsv',
  attemptId: 'attempt-1',
  bytes: 4,
  ref: formatStagedRef({ jobId: 'job-1', uploadId: 'u1', crc: 'AAAAAA==', bytes: 4, parts: [['etag-1', 'AAAAAA==']] }),
};

const ofAttempt = (attemptId: string, bytes = 4): ScriptedAnswer => ({
  headers: { 'content-length': String(bytes), 'x-amz-meta-refold-attempt': attemptId, 'x-amz-meta-refold-job': 'job-1' },
});
const NO_UPLOAD = s3Error(404, 'NoSuchUpload');
const COMPLETED: ScriptedAnswer = { body: '<CompleteMultipartUploadResult><ETag>"e-1"</ETag></CompleteMultipartUploadResult>' };

describe('S3OutputStore', () => {
  it('completes a part with what its reference says, its CRC and size included', async () => {
    const { output, sent } = outputOver(() => COMPLETED);
    expect(await output.publish(PART)).toBe('published');
    expect(sent).toHaveLength(1);
    expect(sent[0]?.query.uploadId).toBe('u1');
    expect(sent[0]?.headers).toMatchObject({ 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-mp-object-size': '4' });
    expect(String(sent[0]?.body)).toContain('&quot;etag-1&quot;');
  });

  it('knows its part when the reply to its completion was lost', async () => {
    const script = [NO_UPLOAD, ofAttempt('attempt-1')];
    const { output, sent } = outputOver((_, index) => {
      if (index === 0) throw networkError('ECONNRESET');
      return script[index - 1] ?? {};
    });
    expect(await output.publish(PART)).toBe('published');
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'POST', 'HEAD']);
  });

  it.each([
    ['there is nothing', { status: 404 }],
    ["another attempt's part is there", ofAttempt('attempt-2')],
    ['a part of another size is there', ofAttempt('attempt-1', 5)],
  ])('says gone when the upload is and %s', async (_, head) => {
    const { output } = outputOver((__, index) => (index === 0 ? NO_UPLOAD : head));
    expect(await output.publish(PART)).toBe('gone');
  });

  it.each(['InvalidPart', 'BadDigest'])('says gone for an upload that S3 refuses with %s', async (code) => {
    const { output } = outputOver((_, index) => (index === 0 ? s3Error(400, code) : { status: 404 }));
    expect(await output.publish(PART)).toBe('gone');
  });

  it('tries again when S3 finds after its 200 that it failed', async () => {
    const failed = { body: '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>Again.</Message></Error>' };
    const { output, sent } = outputOver((_, index) => (index === 0 ? failed : COMPLETED));
    expect(await output.publish(PART)).toBe('published');
    expect(sent).toHaveLength(2);
  });

  it.each([
    ['denied', s3Error(403, 'AccessDenied')],
    ['without its bucket', s3Error(404, 'NoSuchBucket')],
  ])('says that an output %s cannot be written', async (_, answer) => {
    const { output } = outputOver(() => answer);
    await expect(output.inspect()).rejects.toThrow(OutputUnwritableError);
    await expect(output.publish(PART)).rejects.toThrow(/s3:\/\/out-bucket\/out\//);
    await expect(output.writeSuccess(Buffer.from('x'))).rejects.toThrow(OutputUnwritableError);
    const writer = await output.stage('part-00000', 'attempt-1');
    await writer.write(Buffer.from('x'));
    await expect(writer.finish()).rejects.toThrow(OutputUnwritableError);
    await writer.abort();
  });

  it('removes _SUCCESS alone before any part', async () => {
    const listing = '<Contents><Key>out/part-00000</Key><Size>1</Size></Contents><Contents><Key>out/notes</Key></Contents>';
    const { output, sent } = outputOver(({ method, query }) => {
      if (method === 'GET' && query['list-type'] === undefined) return { body: '{}' };
      return { body: method === 'GET' ? `<ListBucketResult>${listing}</ListBucketResult>` : '<DeleteResult></DeleteResult>' };
    });
    await output.clear([], 1);
    const deletions = sent.filter(({ method }) => method === 'POST').map(({ body }) => String(body));
    expect(deletions).toHaveLength(2);
    expect(deletions[0]).toContain('out/_SUCCESS');
    expect(deletions[1]).toContain('out/part-00000');
    expect(deletions.join()).not.toContain('notes');
  });

  it('sees a _SUCCESS behind a thousand other names', async () => {
    const { output } = outputOver(({ method }) =>
      method === 'HEAD'
        ? {}
        : {
            body: '<ListBucketResult><Contents><Key>out/0</Key></Contents><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>',
          },
    );
    expect(await output.inspect()).toEqual({ kind: 'occupied', example: '0', succeeded: true });
  });
});
