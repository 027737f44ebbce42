import { describe, expect, it } from 'vitest';
import type { Json, MapState } from '../../lib/coordinator/states.ts';
import type { MachineWorld } from '../../lib/local/interpreter/chain.ts';
import { runMachine } from '../../lib/local/interpreter/run-machine.ts';
import { type MachineCase, machine, work } from '../contract/state-machine/machine-case.ts';
import { machineCases, stateMachineContract } from '../contract/state-machine.contract.ts';
import { runCase } from './run-case.ts';
import { VirtualTime } from './virtual-time.ts';

stateMachineContract('the interpreter', runCase, { overheadSeconds: 0 });

const twoAtOnce = machine({
  Each: {
    Type: 'Map',
    ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, ...machine({ Work: work() }) },
    End: true,
  },
});

const readTwoAtOnce = machine({
  Each: {
    Type: 'Map',
    ItemReader: {
      Resource: 'arn:aws:states:::s3:getObject',
      ReaderConfig: { InputType: 'JSON' },
      Parameters: { Bucket: 'b', Key: 'k' },
    },
    MaxConcurrency: 2,
    ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, ...machine({ Work: work() }) },
    End: true,
  },
});

function worldOf(time: VirtualTime, invoke: MachineWorld['invoke']): MachineWorld {
  return { invoke, readJsonArray: () => [], clock: time, random: () => 0.5 };
}

describe('runMachine', () => {
  it('does the same in every run with the same seed', async () => {
    const jittered = machineCases.find((each) => each.title.includes('full jitter')) as MachineCase;
    const seconds = [1, 1, 2].map(async (seed) => (await runCase(jittered, seed)).seconds);
    const [first, again, other] = await Promise.all(seconds);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('keeps no two cases under one title', () => {
    expect(new Set(machineCases.map((each) => each.title)).size).toBe(machineCases.length);
  });

  it('signals the invocations that a failed item leaves behind, and does not wait for them', async () => {
    const time = new VirtualTime();
    const signals: AbortSignal[] = [];
    const world = worldOf(time, async (_, payload, signal) => {
      signals.push(signal);
      if (payload === 2) throw new Error('broken');
      return new Promise(() => {});
    });
    const outcome = await time.run(runMachine(twoAtOnce, [1, 2], world));
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'Error' });
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true]);
  });

  it('signals an invocation that is out of time', async () => {
    const time = new VirtualTime();
    let seen: AbortSignal | undefined;
    const world = worldOf(time, (_, __, signal) => {
      seen = signal;
      return new Promise(() => {});
    });
    const outcome = await time.run(runMachine(machine({ Work: work({ TimeoutSeconds: 5 }) }), {}, world));
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(seen?.aborted).toBe(true);
    expect(time.nowMs()).toBe(5000);
  });

  it('leaves no timer of a task that answered in time', async () => {
    const time = new VirtualTime();
    const outcome = await time.run(
      runMachine(
        machine({ Work: work({ TimeoutSeconds: 900 }) }),
        {},
        worldOf(time, async () => ({})),
      ),
    );
    expect(outcome.status).toBe('SUCCEEDED');
    expect(time.sleepers).toBe(0);
  });

  it('refuses a payload over 256 KiB before it is sent', async () => {
    const time = new VirtualTime();
    let calls = 0;
    const world = worldOf(time, async () => void calls++);
    const doubled = { FunctionName: 'work', Payload: { 'one.$': '$', 'two.$': '$' } };
    const outcome = await time.run(runMachine(machine({ Work: work({ Parameters: doubled }) }), 'x'.repeat(150_000), world));
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(calls).toBe(0);
  });

  it('ends as ABORTED at once when it is stopped, however long an invocation still takes', async () => {
    const time = new VirtualTime();
    const stop = new AbortController();
    const world = {
      ...worldOf(time, async () => {
        stop.abort();
        return new Promise(() => {});
      }),
      signal: stop.signal,
    };
    expect(await time.run(runMachine(twoAtOnce, [1, 2], world))).toEqual({ status: 'ABORTED' });
  });

  it('starts nothing further and catches nothing when it is stopped', async () => {
    const time = new VirtualTime();
    const stop = new AbortController();
    let calls = 0;
    const world = {
      ...worldOf(time, async () => {
        calls++;
        stop.abort();
        throw new Error('stopped');
      }),
      signal: stop.signal,
      clock: { nowMs: () => 0, sleep: async () => {} }, // One that does not even look at the signal.
    };
    const definition = machine({
      Work: work({
        Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1 }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Again' }],
      }),
      Again: work(),
    });
    expect(await runMachine(definition, {}, world)).toEqual({ status: 'ABORTED' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toBe(1);
  });

  it('wakes from a wait when it is stopped', async () => {
    const time = new VirtualTime();
    const stop = new AbortController();
    const world = { ...worldOf(time, async () => ({})), signal: stop.signal };
    const outcome = runMachine(
      machine({ Pause: { Type: 'Wait', Seconds: 1000, Next: 'End' }, End: { Type: 'Succeed' } }),
      {},
      world,
    );
    stop.abort();
    expect(await outcome).toEqual({ status: 'ABORTED' });
    expect(time.nowMs()).toBe(0);
  });

  it('refuses an input over 256 KiB', async () => {
    const time = new VirtualTime();
    const outcome = await runMachine(
      machine({ End: { Type: 'Succeed' } }),
      'x'.repeat(262_143),
      worldOf(time, async () => ({})),
    );
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  it('counts the data limit in bytes of UTF-8, and takes exactly 256 KiB', async () => {
    const time = new VirtualTime();
    const world = worldOf(time, async () => ({}));
    const end = machine({ End: { Type: 'Succeed' } });
    expect(await runMachine(end, `${'é'.repeat(131_071)}`, world)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await runMachine(end, `${'é'.repeat(131_071)}x`, world)).toMatchObject({ status: 'FAILED' });
  });

  it('tells which states of the machine it enters, in order', async () => {
    const time = new VirtualTime();
    const entered: string[] = [];
    const world = { ...worldOf(time, async () => ({})), entered: (name: string) => entered.push(name) };
    const definition = machine({ First: { Type: 'Pass', Result: [1], Next: 'Each' }, ...twoAtOnce.States });
    await time.run(runMachine(definition, {}, world));
    expect(entered).toEqual(['First', 'Each']);
  });

  it('closes the reader of a distributed map that fails', async () => {
    const time = new VirtualTime();
    let closed = false;
    async function* endless(): AsyncGenerator<Json> {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        closed = true;
      }
    }
    const world = { ...worldOf(time, async () => Promise.reject(new Error('broken'))), readJsonArray: endless };
    const outcome = await time.run(runMachine(readTwoAtOnce, {}, world));
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(true);
  });

  it('reads one item after the other, however many children run', async () => {
    const time = new VirtualTime();
    let reading = 0;
    let left = 5;
    async function next(): Promise<IteratorResult<Json>> {
      expect(reading++).toBe(0);
      await time.sleep(10 * left);
      reading--;
      return left-- > 0 ? { done: false, value: left } : { done: true, value: undefined };
    }
    const items = { [Symbol.asyncIterator]: () => ({ next }) };
    const world = { ...worldOf(time, async (_, payload) => payload), readJsonArray: () => items };
    const outcome = await time.run(runMachine(readTwoAtOnce, {}, world));
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: [4, 3, 2, 1, 0] });
  });

  it('starts no child with an input over 256 KiB', async () => {
    const time = new VirtualTime();
    const entered = machine({ Shrink: { Type: 'Pass', Result: {}, Next: 'Work' }, Work: work() });
    const definition = machine({
      Each: {
        ...(readTwoAtOnce.States.Each as MapState<string>),
        ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, ...entered },
      },
    });
    let calls = 0;
    const world = { ...worldOf(time, async () => void calls++), readJsonArray: () => ['x'.repeat(263_000)] };
    const outcome = await time.run(runMachine(definition, {}, world));
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
    expect(calls).toBe(0);
  });
});
