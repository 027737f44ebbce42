import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputChangedError } from '../../lib/errors.ts';
import { defineJob, type Emit } from '../../lib/job/define-job.ts';
import { EmitGate } from '../../lib/job/emit-gate.ts';
import type { JobRecord } from '../../lib/job/job-record.ts';
import { RecordCursor } from '../../lib/job/record-cursor.ts';
import { stepsOf } from '../../lib/job/step.ts';
import { mapSplit } from '../../lib/map/map-split.ts';
import { memoryWorld } from '../../lib/memory/memory-world.ts';
import { lines } from '../../lib/record/lines.ts';
import type { InputRange } from '../../lib/record/reader.ts';
import type { StepPlan } from '../../lib/split/step-plan.ts';
import { HeldInputStore, keyOf } from '../record/held-input-store.ts';

type Options = { readonly limit?: number; readonly stop?: AbortController; readonly onLine?: (line: string) => void };
type Progress = { readonly bytes: number; readonly records: number };

/** Maps lines to where they lie. */
function mapOver(input: HeldInputStore, ranges: readonly InputRange[], options: Options = {}) {
  const { limit, stop = new AbortController(), onLine } = options;
  const job = defineJob({
    input: lines(),
    map(line, emit: Emit<string, [string, number, number]>, task) {
      onLine?.(line);
      const { object = '', byte = 0, record = 0 } = task.position ?? {};
      emit(line, [object, byte, record]);
    },
  });
  const pairs: unknown[] = [];
  const progress: Progress[] = [];
  const emit = (key: unknown, value: unknown) => pairs.push([key, value]);
  const mapped = mapSplit(
    {
      world: { ...memoryWorld(), input },
      job: { params: {} } as JobRecord,
      step: stepsOf(job)[0]!,
      plan: {} as StepPlan,
      task: { jobId: 'job', step: 0, phase: 'map', index: 0 },
      split: { index: 0, input: '', ranges, ...(limit !== undefined && { limit }) },
      attempt: 1,
      concurrency: 1,
      control: {
        attemptId: 'a1',
        cursor: new RecordCursor(),
        signal: stop.signal,
        onProgress: (now) => void progress.push(now),
      },
    },
    { emit, gate: new EmitGate(), hold: () => ({ emit, release: () => {} }) },
  );
  return { mapped, pairs, progress };
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `${index} a\n${index} b\n`);

describe('mapSplit', () => {
  it('maps the records of small objects in order, in whatever order they arrive, and reads each object once', async () => {
    const input = new HeldInputStore();
    const contents = numbered(100);
    const ranges = await input.writeAll(contents);
    const { mapped, pairs } = mapOver(input, ranges);
    const account = await input.serve(mapped, (count) => count - 1);
    expect(pairs.map((pair) => (pair as [string])[0])).toEqual(contents.join('').trimEnd().split('\n'));
    expect(account).toMatchObject({ recordsRead: 200, bytesRead: contents.join('').length });
    expect(input.asked.toSorted()).toEqual(ranges.map(({ key, bytes }) => `${key} 0-${bytes}`));
    expect(input.readsMax).toBe(16);
  });

  it('has reads in flight while records are mapped', async () => {
    const input = new HeldInputStore();
    const seen: number[] = [];
    const { mapped } = mapOver(input, await input.writeAll(numbered(20)), { onLine: () => seen.push(input.held.length) });
    await input.serve(mapped);
    expect(seen.slice(0, 4)).toEqual([15, 15, 15, 15]);
  });

  it.each(['changed', 'gone'])(
    'fails over an object that is %s when its turn comes, and leaves nothing in flight',
    async (how) => {
      const input = new HeldInputStore();
      const ranges = await input.writeAll(numbered(40));
      if (how === 'gone') input.remove(keyOf(5));
      else input.write(keyOf(5), 'another version');
      const { mapped, pairs } = mapOver(input, ranges);
      const error = await input.serve(mapped, (count) => count - 1).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InputChangedError);
      expect((error as InputChangedError).values.key).toBe(keyOf(5));
      expect(pairs).toHaveLength(10);
      expect(input.held).toHaveLength(0);
    },
  );

  it('leaves nothing in flight when it is aborted, or when user code fails', async () => {
    for (const how of ['abort', 'throw']) {
      const input = new HeldInputStore();
      const stop = new AbortController();
      const onLine = (line: string) => {
        if (line !== '7 a') return;
        if (how === 'throw') throw new Error('user code');
        stop.abort(new Error('cancelled'));
      };
      const { mapped } = mapOver(input, await input.writeAll(numbered(40)), { stop, onLine });
      await expect(input.serve(mapped)).rejects.toThrow(how === 'throw' ? 'user code' : 'cancelled');
      expect(input.held).toHaveLength(0);
      expect(input.asked.length).toBeLessThanOrEqual(7 + 16);
    }
  });

  it('reads nothing that a limit does not need', async () => {
    const input = new HeldInputStore();
    const { mapped, pairs } = mapOver(input, await input.writeAll(numbered(40)), { limit: 5 });
    await input.serve(mapped);
    expect(pairs).toHaveLength(5);
    expect(input.asked).toHaveLength(3);
  });

  it('maps, accounts for and reads the same as one range after the other', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é'), maxLength: 6 });
    const text = fc.array(line, { maxLength: 12 }).map((all) => all.map((one) => `${one}\n`).join(''));
    const bytes = (content: string) => new TextEncoder().encode(content);
    const object = fc.oneof(
      { weight: 4, arbitrary: text.map(bytes) },
      text.map((content) => new Uint8Array(gzipSync(content))),
    );
    const run = async (contents: readonly Uint8Array[], chunkBytes: number, cut: number, random: readonly number[]) => {
      const one = Object.assign(new HeldInputStore(), { chunkBytes });
      const all = Object.assign(new HeldInputStore(), { chunkBytes });
      const cutAt = (range: InputRange): InputRange[] => {
        const isPacked = contents[Number(range.key.slice(3))]![0] === 0x1f;
        if (isPacked || cut >= range.bytes) return [range];
        return [
          { ...range, byteEnd: cut },
          { ...range, byteStart: cut },
        ];
      };
      const ranges = (await one.writeAll(contents)).flatMap(cutAt);
      await all.writeAll(contents);
      const expected: unknown[] = [];
      const owned: number[] = [];
      for (const range of ranges) {
        const { mapped, pairs } = mapOver(one, [range]);
        owned.push(...(await one.serve(mapped)).owned);
        expected.push(...pairs);
      }
      const { mapped, pairs, progress } = mapOver(all, ranges);
      let at = 0;
      const account = await all.serve(mapped, (count) => (random[at++ % random.length] ?? 0) % count);
      expect(pairs).toEqual(expected);
      expect(account).toMatchObject({
        owned,
        recordsRead: expected.length,
        bytesRead: ranges.reduce((sum, { byteStart, byteEnd }) => sum + byteEnd - byteStart, 0),
      });
      expect(all.asked.toSorted()).toEqual(one.asked.toSorted());
      expect(progress.map((now) => now.bytes)).toEqual(progress.map((now) => now.bytes).toSorted((a, b) => a - b));
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(object, { minLength: 1, maxLength: 40 }),
        fc.constantFrom(16, 40, 1024 * 1024),
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
        run,
      ),
      { numRuns: 60 },
    );
  });
});
