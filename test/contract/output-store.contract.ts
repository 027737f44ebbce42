import { beforeEach, describe, expect, it } from 'vitest';
import { InvariantError, PartMissingError } from '../../lib/errors.ts';
import type { OpenOutput, OutputStore, StagedPart } from '../../lib/ports/output-store.ts';
import { collect } from './collect.ts';

/** `place` gives an output path that holds nothing yet. Each `open` of it is a coordinator or sandbox of its own. */
export function outputStoreContract(
  adapterName: string,
  place: () => Promise<{ readonly open: OpenOutput; readonly location: string }>,
): void {
  describe(`${adapterName} keeps the OutputStore contract`, () => {
    let reopen: (jobId?: string) => OutputStore;
    let output: OutputStore;
    beforeEach(async () => {
      const { open, location } = await place();
      reopen = (jobId = 'job-1') => open(location, jobId);
      output = reopen();
    });

    const stage = async (name: string, attemptId: string, content: string, store = output): Promise<StagedPart> => {
      const writer = await store.stage(name, attemptId);
      await writer.write(bytesOf(content));
      return writer.finish();
    };

    const visible = async (): Promise<Record<string, string>> => {
      const parts: Record<string, string> = {};
      for (const { name, bytes } of await output.listParts()) {
        parts[name] = await textOf(output, name);
        expect(parts[name]).toHaveLength(bytes);
      }
      return parts;
    };

    describe('stage', () => {
      it('shows nothing at the output path', async () => {
        const writer = await output.stage('part-00000.tsv', 'attempt-1');
        await writer.write(bytesOf('a\t1\n'));
        expect(await output.inspect()).toEqual({ kind: 'empty' });
        await writer.finish();
        expect(await output.inspect()).toEqual({ kind: 'empty' });
        expect(await output.listParts()).toEqual([]);
        await expect(textOf(output, 'part-00000.tsv')).rejects.toThrow(PartMissingError);
      });

      it('answers with plain data that says what was written', async () => {
        const part = await stage('part-00000.tsv', 'attempt-1', 'a\t1\n');
        expect(part).toEqual({ name: 'part-00000.tsv', attemptId: 'attempt-1', bytes: 4, ref: expect.any(String) });
        expect(JSON.parse(JSON.stringify(part))).toEqual(part);
      });

      it('lets the caller reuse its buffer', async () => {
        const writer = await output.stage('part-00000', 'attempt-1');
        const buffer = new Uint8Array(3);
        for (const text of ['one', 'two']) {
          buffer.set(bytesOf(text));
          await writer.write(buffer);
        }
        await output.publish(await writer.finish());
        expect(await textOf(output, 'part-00000')).toBe('onetwo');
      });

      it('keeps attempts at one part apart', async () => {
        const first = await output.stage('part-00000', 'attempt-1');
        const second = await output.stage('part-00000', 'attempt-2');
        await first.write(bytesOf('first'));
        await second.write(bytesOf('second'));
        const parts = [await first.finish(), await second.finish()];
        expect(await output.publish(parts[1] as StagedPart)).toBe('published');
        expect(await visible()).toEqual({ 'part-00000': 'second' });
      });

      it('leaves nothing when it is aborted', async () => {
        const writer = await output.stage('part-00000', 'attempt-1');
        await writer.write(bytesOf('x'));
        await writer.abort();
        await writer.abort();
        await expect(writer.write(bytesOf('y'))).rejects.toThrow(InvariantError);
        expect(await output.publish({ name: 'part-00000', attemptId: 'attempt-1', ref: '', bytes: 1 })).toBe('gone');
      });

      it('leaves a finished part when it is aborted afterwards', async () => {
        const writer = await output.stage('part-00000', 'attempt-1');
        const part = await writer.finish();
        await writer.abort();
        expect(await output.publish(part)).toBe('published');
      });
    });

    describe('publish', () => {
      it('makes the part visible under its name', async () => {
        const part = await stage('part-00000.tsv', 'attempt-1', 'a\t1\n');
        expect(await output.publish(part)).toBe('published');
        expect(await visible()).toEqual({ 'part-00000.tsv': 'a\t1\n' });
        expect(await output.inspect()).toEqual({ kind: 'occupied', example: 'part-00000.tsv', succeeded: false });
      });

      it('makes an empty part visible', async () => {
        const part = await (await output.stage('part-00000', 'attempt-1')).finish();
        expect(await output.publish(part)).toBe('published');
        expect(await visible()).toEqual({ 'part-00000': '' });
      });

      it('answers the same when it is repeated, by another coordinator too', async () => {
        const part = await stage('part-00000', 'attempt-1', 'x');
        expect(await output.publish(part)).toBe('published');
        expect(await output.publish(part)).toBe('published');
        expect(await reopen().publish(JSON.parse(JSON.stringify(part)))).toBe('published');
        expect(await visible()).toEqual({ 'part-00000': 'x' });
      });

      it('of a part that another sandbox staged works', async () => {
        const part = await stage('part-00000', 'attempt-1', 'x', reopen());
        expect(await output.publish(part)).toBe('published');
      });

      it('says gone for a part that is neither staged nor published', async () => {
        const part = await stage('part-00000', 'attempt-1', 'x');
        await output.discard(part);
        expect(await output.publish(part)).toBe('gone');
        expect(await output.inspect()).toEqual({ kind: 'empty' });
      });

      it("does not take another attempt's visible part for its own, however equal", async () => {
        const first = await stage('part-00000', 'attempt-1', 'same');
        const second = await stage('part-00000', 'attempt-2', 'same');
        await output.discard(first);
        expect(await output.publish(second)).toBe('published');
        expect(await output.publish(first)).toBe('gone');
        expect(await output.publish(second)).toBe('published');
      });

      it("replaces another attempt's part, which then is gone", async () => {
        const first = await stage('part-00000', 'attempt-1', 'one');
        const second = await stage('part-00000', 'attempt-2', 'two');
        await output.publish(first);
        expect(await output.publish(second)).toBe('published');
        expect(await visible()).toEqual({ 'part-00000': 'two' });
        expect(await output.publish(first)).toBe('gone');
      });

      it('keeps jobs at one path apart', async () => {
        const part = await stage('part-00000', 'attempt-1', 'x');
        expect(await reopen('job-2').publish(part)).toBe('gone');
        await reopen('job-2').discard(part);
        await reopen('job-2').sweep();
        expect(await output.publish(part)).toBe('published');
      });
    });

    describe('isStaged', () => {
      it('says what publish would find, and touches nothing', async () => {
        const part = await stage('part-00000', 'attempt-1', 'x');
        const rival = await stage('part-00000', 'attempt-2', 'x');
        expect(await reopen().isStaged(part)).toBe('staged');
        expect(await output.inspect()).toEqual({ kind: 'empty' });
        await output.publish(part);
        expect(await output.isStaged(JSON.parse(JSON.stringify(part)))).toBe('published');
        expect(await output.isStaged(rival)).toBe('staged');
        await output.publish(rival);
        expect(await output.isStaged(part)).toBe('gone');
        expect(await visible()).toEqual({ 'part-00000': 'x' });
      });

      it('says gone for what was discarded, and for a path where nothing was ever written', async () => {
        const part = await stage('part-00000', 'attempt-1', 'x');
        expect(await reopen('job-2').isStaged(part)).toBe('gone');
        await output.discard(part);
        expect(await output.isStaged(part)).toBe('gone');
      });
    });

    describe('discard', () => {
      it('minds neither a part that is gone nor one that is published', async () => {
        const part = await stage('part-00000', 'attempt-1', 'x');
        await output.publish(part);
        await output.discard(part);
        await output.discard({ ...part, attemptId: 'attempt-9' });
        expect(await visible()).toEqual({ 'part-00000': 'x' });
      });
    });

    describe('listParts', () => {
      it('gives parts in the order of their numbers', async () => {
        const names = ['part-99999.tsv', 'part-00010.tsv', 'part-100000.tsv', 'part-00002.tsv'];
        for (const name of names) await output.publish(await stage(name, 'attempt-1', name));
        expect((await output.listParts()).map((part) => part.name)).toEqual([
          'part-00002.tsv',
          'part-00010.tsv',
          'part-99999.tsv',
          'part-100000.tsv',
        ]);
      });

      it('is empty where there is no output', async () => {
        expect(await output.listParts()).toEqual([]);
        expect(await output.readSuccess()).toBeUndefined();
      });
    });

    describe('writeSuccess', () => {
      it('says that the output is there', async () => {
        await output.publish(await stage('part-00000', 'attempt-1', 'x'));
        await output.writeSuccess(bytesOf('{"job":1}'));
        expect(decode(await output.readSuccess())).toBe('{"job":1}');
        expect(await output.inspect()).toMatchObject({ kind: 'occupied', succeeded: true });
        expect(await visible()).toEqual({ 'part-00000': 'x' });
      });

      it('may be repeated, and needs no parts', async () => {
        await output.writeSuccess(bytesOf('one'));
        await reopen().writeSuccess(bytesOf('two'));
        expect(decode(await output.readSuccess())).toBe('two');
      });
    });

    describe('clear', () => {
      it('removes _SUCCESS and the parts that are not kept', async () => {
        for (const name of ['part-00000', 'part-00001', 'part-00002']) await output.publish(await stage(name, 'old', name));
        await output.writeSuccess(bytesOf('old'));
        await reopen('job-2').clear(['part-00001'], CREATED_AT_MS);
        expect(await visible()).toEqual({ 'part-00001': 'part-00001' });
        expect(await output.readSuccess()).toBeUndefined();
      });

      it("leaves an output whose _SUCCESS is this job's", async () => {
        await output.publish(await stage('part-00000', 'attempt-1', 'x'));
        await output.writeSuccess(successOf('job-1', CREATED_AT_MS));
        await output.clear([], CREATED_AT_MS);
        expect(await visible()).toEqual({ 'part-00000': 'x' });
        expect(await output.readSuccess()).toBeDefined();
      });

      it.each([
        { whose: 'an earlier life of the job', success: successOf('job-1', CREATED_AT_MS - 1) },
        { whose: 'another job', success: successOf('job-2', CREATED_AT_MS) },
        { whose: 'another program', success: new Uint8Array() },
      ])('removes an output whose _SUCCESS is that of $whose', async ({ success }) => {
        await output.publish(await stage('part-00000', 'attempt-1', 'x'));
        await output.writeSuccess(success);
        await output.clear([], CREATED_AT_MS);
        expect(await output.inspect()).toEqual({ kind: 'empty' });
      });

      it('leaves what only looks like a part', async () => {
        await output.publish(await stage('part-00000', 'attempt-1', 'x'));
        await output.publish(await stage('part-time-staff.csv', 'attempt-1', 'precious'));
        expect(await visible()).toEqual({ 'part-00000': 'x' });
        await output.clear([], CREATED_AT_MS);
        expect(await visible()).toEqual({});
        expect(await textOf(output, 'part-time-staff.csv')).toBe('precious');
      });

      it('minds no output that is not there', async () => {
        await output.clear([], CREATED_AT_MS);
        expect(await output.inspect()).toEqual({ kind: 'empty' });
      });

      it('leaves what is staged', async () => {
        const part = await stage('part-00000', 'attempt-1', 'new');
        await output.clear([], CREATED_AT_MS);
        expect(await output.publish(part)).toBe('published');
      });
    });

    describe('sweep', () => {
      it('removes what is staged and leaves what is published', async () => {
        const published = await stage('part-00000', 'attempt-1', 'x');
        const staged = await stage('part-00001', 'attempt-1', 'y');
        await output.publish(published);
        await output.sweep();
        await output.sweep();
        expect(await output.publish(staged)).toBe('gone');
        expect(await output.publish(published)).toBe('published');
        expect(await visible()).toEqual({ 'part-00000': 'x' });
      });
    });
  });
}

const CREATED_AT_MS = 1000;

function successOf(jobId: string, createdAtMs: number): Uint8Array {
  return bytesOf(JSON.stringify({ format: 1, jobId, createdAtMs, parts: [] }));
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder().decode(bytes);
}

async function textOf(output: OutputStore, name: string): Promise<string> {
  return Buffer.concat(await collect(output.readPart(name))).toString();
}
