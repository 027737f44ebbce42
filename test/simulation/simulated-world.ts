import { MemoryInputStore } from '../../lib/memory/memory-input-store.ts';
import { MemoryObjectStore } from '../../lib/memory/memory-object-store.ts';
import { MemoryOutputs } from '../../lib/memory/memory-output-store.ts';
import { MemoryScratch } from '../../lib/memory/memory-scratch.ts';
import { MemoryTaskLedger } from '../../lib/memory/memory-task-ledger.ts';
import type { InputStore } from '../../lib/ports/input-store.ts';
import type { Log } from '../../lib/ports/log.ts';
import type { ObjectStore, ObjectWriter } from '../../lib/ports/object-store.ts';
import type { OutputStore, PartWriter, StagedPart } from '../../lib/ports/output-store.ts';
import type { Scratch } from '../../lib/ports/scratch.ts';
import type { TaskLedger } from '../../lib/ports/task-ledger.ts';
import type { World } from '../../lib/ports/world.ts';
import type { FaultKind, FaultPlan } from './fault-plan.ts';
import { JobCheckers } from './job-checkers.ts';
import type { SeededRandom } from './seeded-random.ts';
import { ProcessDiedError, type SimulatedProcess } from './simulated-process.ts';
import { SimulatedTime } from './simulated-time.ts';

/** What a service says that is busy, or whose reply was lost. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
}

/** Objects of the work area that may be lost or damaged, by their keys. */
const DAMAGES: readonly { readonly keys: RegExp; readonly lost: FaultKind; readonly corrupt?: FaultKind }[] = [
  { keys: /\.seg$/, lost: 'lostSegment', corrupt: 'corruptSegment' },
  { keys: /\.idx$/, lost: 'lostIndexChunk', corrupt: 'corruptIndexChunk' },
  { keys: /\.pairs$/, lost: 'lostPairs', corrupt: 'corruptPairs' },
  { keys: /\/shuffle-\d+\/index\.json$/, lost: 'lostManifest' },
  { keys: /\/(?:map|reduce)\/\d+\/[^/]+\.json$/, lost: 'lostAttemptFile' },
];

/** One world in memory for all processes of a seed: each sees it through faults of its own. */
export class SimulatedWorld {
  readonly time = new SimulatedTime();
  readonly input = new MemoryInputStore();
  readonly work = new MemoryObjectStore();
  readonly outputs = new MemoryOutputs();
  readonly ledger = new MemoryTaskLedger(this.time);
  readonly checkers: JobCheckers;
  readonly faults: FaultPlan;
  readonly random: SeededRandom;
  /** Crashes by the state that the job was in. */
  readonly crashes = new Map<string, number>();
  /** A coordinator is taken for dead at some call. */
  onZombie: (process: SimulatedProcess) => void = () => {};
  onLog: Log['write'] = () => {};
  #ids = 0;

  constructor(random: SeededRandom, faults: FaultPlan, jobId: string) {
    this.random = random;
    this.faults = faults;
    this.checkers = new JobCheckers(this.ledger, jobId);
  }

  readonly newId = (): string => `id${++this.#ids}`;

  /** The world as one process sees it. */
  worldOf(process: SimulatedProcess): World {
    const calls = new FaultyCalls(this, process);
    return {
      input: faultyInput(this.input, calls),
      work: faultyObjects(this, calls),
      openOutput: (location, jobId) => faultyOutput(this.outputs.open(location, jobId), this, calls),
      ledger: faultyLedger(this, calls),
      scratch: faultyScratch(calls),
      clock: process,
      ids: { newId: this.newId, random: this.random.next },
      log: { write: (...line) => this.onLog(...line) } satisfies Log,
    };
  }

  crash(process: SimulatedProcess): void {
    const { state } = this.checkers;
    this.crashes.set(state, (this.crashes.get(state) ?? 0) + 1);
    process.kill();
  }

  /** Something in the work area is lost or damaged, for good, just before it is read. */
  async damage(key: string): Promise<void> {
    const damage = DAMAGES.find(({ keys }) => keys.test(key));
    if (damage === undefined || (await this.work.head(key)) === undefined) return;
    if (this.faults.strikes(damage.lost)) await this.work.delete([key]);
    else if (damage.corrupt !== undefined && this.faults.strikes(damage.corrupt)) {
      const bytes = await this.work.read(key);
      bytes[this.random.below(bytes.length)]! ^= 1 << this.random.below(8);
      await this.work.put(key, bytes);
    }
  }
}

/** Every call that a process makes to a port: takes time, may fail, may be the last. */
class FaultyCalls {
  readonly #world: SimulatedWorld;
  readonly #process: SimulatedProcess;

  constructor(world: SimulatedWorld, process: SimulatedProcess) {
    this.#world = world;
    this.#process = process;
  }

  /** `repeat` is the work of a request that may arrive twice. */
  async call<T>(work: () => Promise<T>, repeat?: () => Promise<T>): Promise<T> {
    const process = this.#process;
    const { faults } = this.#world;
    await process.pause();
    if (process.role === 'coordinator' && faults.strikes('zombieCoordinator')) this.#world.onZombie(process);
    if (this.#crashes('Before')) return await process.whileAlive(new Promise<T>(() => {}));
    if (faults.strikes('transientError')) throw new TransientError('The service is busy.');
    let answer = await process.whileAlive(work());
    if (repeat !== undefined && faults.strikes('repeatedRequest')) {
      const delayMs = 5000 * this.#world.random.next() ** 3;
      if (this.#world.random.chance(0.5)) this.#world.time.after(delayMs, repeat);
      else {
        await process.sleep(delayMs);
        answer = await process.whileAlive(repeat());
      }
    }
    if (this.#crashes('After')) return await process.whileAlive(new Promise<T>(() => {}));
    if (faults.strikes('lostReply')) throw new TransientError('The reply was lost.');
    return answer;
  }

  /** A synchronous call. @throws ProcessDiedError out of a process that has just died */
  callNow<T>(work: () => T): T {
    if (this.#process.isAlive && this.#world.faults.strikes('scratchCrash')) this.#world.crash(this.#process);
    if (!this.#process.isAlive) throw new ProcessDiedError('The process has died.');
    return work();
  }

  #crashes(when: 'Before' | 'After'): boolean {
    const { faults } = this.#world;
    const { role } = this.#process;
    const kind: FaultKind = role === 'function' ? 'functionCrash' : `${role}Crash${when}`;
    if (!faults.strikes(kind)) return false;
    this.#world.crash(this.#process);
    return true;
  }
}

async function* pages<T>(calls: FaultyCalls, list: () => AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = await calls.call(async () => list()[Symbol.asyncIterator]());
  for (;;) {
    const { done, value } = await calls.call(() => iterator.next());
    if (done) return;
    yield value;
  }
}

function faultyInput(store: InputStore, calls: FaultyCalls): InputStore {
  return {
    list: (location) => pages(calls, () => store.list(location)),
    readRange: (...range) => calls.call(() => store.readRange(...range)),
  };
}

function faultyObjects(world: SimulatedWorld, calls: FaultyCalls): ObjectStore {
  const { work, checkers } = world;
  const read = <T>(key: string, reading: () => Promise<T>) =>
    calls.call(async () => {
      checkers.objectRead(key);
      await world.damage(key);
      return reading();
    });
  return {
    list: (prefix) => pages(calls, () => work.list(prefix)),
    head: (key) => read(key, () => work.head(key)),
    readRange: (key, ...range) => read(key, () => work.readRange(key, ...range)),
    read: (key) => read(key, () => work.read(key)),
    put: (key, bytes) => calls.call(() => work.put(key, bytes)),
    putIfAbsent: (key, bytes) => calls.call(() => work.putIfAbsent(key, bytes)),
    create: async (key) => faultyWriter(await calls.call(() => work.create(key)), calls),
    delete: (keys) =>
      calls.call(async () => {
        for (const key of keys) checkers.discarded(/\/([^/]+)\.(?:seg|pairs|json)$/.exec(key)?.[1], key);
        await work.delete(keys);
      }),
  };
}

function faultyWriter(writer: ObjectWriter, calls: FaultyCalls): ObjectWriter {
  return {
    write: (bytes) => calls.call(() => writer.write(bytes)),
    complete: () => calls.call(() => writer.complete()),
    abort: () => calls.call(() => writer.abort()),
  };
}

function faultyOutput(output: OutputStore, world: SimulatedWorld, calls: FaultyCalls): OutputStore {
  const { checkers, faults } = world;
  const change = <T>(changing: () => Promise<T>) =>
    calls.call(async () => {
      const answer = await changing();
      await checkers.outputChanged(output);
      return answer;
    });
  return {
    inspect: () => calls.call(() => output.inspect()),
    stage: async (name, attemptId) => faultyPart(await calls.call(() => output.stage(name, attemptId)), checkers, calls),
    isStaged: (part) =>
      calls.call(async () => {
        if (faults.strikes('lostPart')) await output.discard(part);
        return await output.isStaged(part);
      }),
    publish: (part) =>
      change(async () => {
        if (faults.strikes('lostPart')) await output.discard(part);
        const answer = await output.publish(part);
        checkers.staged.delete(part.name + part.attemptId);
        return answer;
      }),
    discard: (part) =>
      change(async () => {
        checkers.partDiscarded(part.attemptId, part.name);
        checkers.staged.delete(part.name + part.attemptId);
        await output.discard(part);
      }),
    writeSuccess: (content) => change(() => output.writeSuccess(content)),
    readSuccess: () => calls.call(() => output.readSuccess()),
    clear: (...clearing) => change(() => output.clear(...clearing)),
    readPart: (name) => pages(calls, () => output.readPart(name)),
    listParts: () => calls.call(() => output.listParts()),
    sweep: () =>
      change(async () => {
        checkers.staged.clear();
        await output.sweep();
      }),
  };
}

function faultyPart(part: PartWriter, checkers: JobCheckers, calls: FaultyCalls): PartWriter {
  return {
    write: (bytes) => calls.call(() => part.write(bytes)),
    finish: (): Promise<StagedPart> =>
      calls.call(async () => {
        const staged = await part.finish();
        checkers.staged.set(staged.name + staged.attemptId, staged.attemptId);
        return staged;
      }),
    abort: () => calls.call(() => part.abort()),
  };
}

function faultyLedger(world: SimulatedWorld, calls: FaultyCalls): TaskLedger {
  const { ledger, checkers } = world;
  const change = <T>(changing: () => Promise<T>, run?: number) => {
    const once = async () => {
      const answer = await changing();
      await checkers.ledgerChanged(run);
      return answer;
    };
    return calls.call(once, once);
  };
  return {
    createJob: (job) => change(() => ledger.createJob(job)),
    readJob: (jobId) => calls.call(() => ledger.readJob(jobId)),
    listJobs: () => calls.call(() => ledger.listJobs()),
    startRun: (...run) => change(() => ledger.startRun(...run)),
    beginAttempt: (task, attemptId, sandboxMemoryBytes) =>
      change(async () => {
        const answer = await ledger.beginAttempt(task, attemptId, sandboxMemoryBytes);
        if (answer.kind === 'begun') checkers.begun(task);
        return answer;
      }),
    commit: (task, attemptId, result) =>
      change(async () => {
        const answer = await ledger.commit(task, attemptId, result);
        if (answer.kind === 'won') checkers.won(task, attemptId);
        return answer;
      }),
    failAttempt: (...attempt) => change(() => ledger.failAttempt(...attempt)),
    invalidate: (task, attemptId, run) =>
      change(async () => {
        const answer = await ledger.invalidate(task, attemptId, run);
        if (answer === 'invalidated') checkers.invalidated(task, attemptId, run);
        return answer;
      }, run),
    setJobState: (jobId, from, to, run, options) => change(() => ledger.setJobState(jobId, from, to, run, options), run),
    readTasks: (...phase) => pages(calls, () => ledger.readTasks(...phase)),
    readTask: (task) => calls.call(() => ledger.readTask(task)),
    acquireLease: (...lease) => change(() => ledger.acquireLease(...lease)),
    releaseLease: (...lease) => change(() => ledger.releaseLease(...lease)),
    deleteJob: (jobId) => change(() => ledger.deleteJob(jobId)),
  };
}

function faultyScratch(calls: FaultyCalls): Scratch {
  const scratch = new MemoryScratch();
  return {
    create: () =>
      calls.callNow(() => {
        const file = scratch.create();
        return {
          get bytes() {
            return file.bytes;
          },
          append: (bytes) => calls.callNow(() => file.append(bytes)),
          read: (byteStart, target) => calls.callNow(() => file.read(byteStart, target)),
          delete: () => file.delete(),
        };
      }),
    clear: () => scratch.clear(),
  };
}
