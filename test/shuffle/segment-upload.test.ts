import { describe, expect, it } from 'vitest';
import { MemoryObjectStore } from '../../lib/memory/memory-object-store.ts';
import { SegmentUpload } from '../../lib/shuffle/segment-upload.ts';
import { CountingStore } from './counting-store.ts';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);

describe('SegmentUpload', () => {
  it('puts a small segment with one request', async () => {
    const store = new CountingStore(new MemoryObjectStore());
    const upload = new SegmentUpload(store, 'a.seg', 10);
    const chunk = bytes(6, 1);
    upload.append(chunk);
    chunk.fill(9);
    upload.append(bytes(4, 2));
    expect(upload.isFull).toBe(false);
    await upload.drain();
    await upload.complete();
    expect(store.counts).toEqual({ put: 1 });
    expect([...(await store.read('a.seg'))]).toEqual([1, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
  });

  it('streams a larger one, invisible until it is complete', async () => {
    const store = new CountingStore(new MemoryObjectStore());
    const upload = new SegmentUpload(store, 'a.seg', 10);
    upload.append(bytes(11, 1));
    expect(upload.isFull).toBe(true);
    await upload.drain();
    expect([upload.isFull, await store.head('a.seg')]).toEqual([false, undefined]);
    upload.append(bytes(100, 2));
    expect(upload.isFull).toBe(false);
    upload.append(bytes(8_999_900, 2));
    expect(upload.isFull).toBe(true);
    await upload.drain();
    upload.append(bytes(3, 3));
    expect((await upload.complete()).bytes).toBe(9_000_014);
    expect(store.counts).toEqual({ head: 1, create: 1, write: 3, complete: 1 });
    const whole = await store.read('a.seg');
    expect([whole[10], whole[11], whole[9_000_010], whole[9_000_011]]).toEqual([1, 2, 2, 3]);
  });

  it('leaves nothing behind when it is aborted', async () => {
    const store = new CountingStore(new MemoryObjectStore());
    const upload = new SegmentUpload(store, 'a.seg', 10);
    await upload.abort();
    upload.append(bytes(11, 1));
    await upload.drain();
    await upload.abort();
    expect(store.counts).toEqual({ create: 1, write: 1, abort: 1 });
    expect(await store.head('a.seg')).toBeUndefined();
  });
});
