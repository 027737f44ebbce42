import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryWorld } from '../../lib/memory/memory-world.ts';
import { compareKeys } from '../../lib/ports/key-order.ts';

describe('memoryWorld', () => {
  it('is the same at every start', async () => {
    const [left, right] = [memoryWorld(), memoryWorld()];
    expect([left.ids.newId(), left.ids.random(), left.clock.nowMs()]).toEqual([
      right.ids.newId(),
      right.ids.random(),
      right.clock.nowMs(),
    ]);
  });

  it('passes time only in sleeps, which take none', async () => {
    const { clock } = memoryWorld();
    await clock.sleep(3_600_000);
    expect(clock.nowMs()).toBe(3_600_000);
    await expect(clock.sleep(1, AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
  });

  it('shows what one opening of an output published to the next', async () => {
    const world = memoryWorld();
    await world.openOutput('out', 'job-1').writeSuccess(new Uint8Array(1));
    expect(await world.openOutput('out', 'job-2').readSuccess()).toHaveLength(1);
    expect(await world.openOutput('other', 'job-1').readSuccess()).toBeUndefined();
  });
});

describe('compareKeys', () => {
  it('orders strings as their UTF-8 bytes', () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom('a', 'é', '\ud7ff', '\ue000', '\uffff'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
    });
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(Math.sign(compareKeys(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
      }),
    );
  });
});
