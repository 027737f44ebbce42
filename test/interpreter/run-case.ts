import type { Json } from '../../lib/coordinator/states.ts';
import type { MachineWorld } from '../../lib/local/interpreter/chain.ts';
import { runMachine } from '../../lib/local/interpreter/run-machine.ts';
import type { Behaviour, FunctionCall, FunctionScript, MachineCase, MachineRun } from '../contract/state-machine/machine-case.ts';
import { VirtualTime } from './virtual-time.ts';

/** Plays the functions of a case, and keeps account of the calls. */
export class ScriptedFunctions {
  readonly calls: FunctionCall[] = [];
  readonly #time: VirtualTime;
  readonly #scripts: Readonly<Record<string, FunctionScript>>;
  readonly #counts = new Map<string, number>();
  #running = 0;
  peak = 0;

  constructor(time: VirtualTime, scripts: Readonly<Record<string, FunctionScript>>) {
    this.#time = time;
    this.#scripts = scripts;
  }

  async invoke(name: string, payload: Json): Promise<unknown> {
    this.calls.push({ name, payload });
    this.peak = Math.max(this.peak, ++this.#running);
    try {
      return await this.#play(this.#next(name, payload), payload);
    } finally {
      this.#running--;
    }
  }

  #next(name: string, payload: Json): Behaviour {
    const script = this.#scripts[name];
    if (script === undefined) throw new Error(`There is no function ${name}.`);
    const value = 'by' in script ? String((payload as Record<string, Json>)[script.by]) : '';
    const behaviours = 'by' in script ? (script.scripts[value] ?? []) : script;
    const counter = `${name} ${value}`;
    const count = this.#counts.get(counter) ?? 0;
    this.#counts.set(counter, count + 1);
    return behaviours[Math.min(count, behaviours.length - 1)] ?? {};
  }

  async #play(behaviour: Behaviour, payload: Json): Promise<unknown> {
    const { afterSeconds = 0, error, message = '', answer = {}, answerBytes, echo = false } = behaviour;
    if (afterSeconds > 0) await this.#time.sleep(afterSeconds * 1000);
    if (error !== undefined) throw Object.assign(new Error(message), { name: error });
    if (answerBytes !== undefined) return 'x'.repeat(answerBytes - 2); // The quotes count too.
    return echo ? payload : answer;
  }
}

/** Runs a case with the interpreter, on a simulated clock and with a seeded random. */
export async function runCase(machineCase: MachineCase, seed = 1): Promise<MachineRun> {
  const time = new VirtualTime();
  const { definition, input = {}, functions = {}, objects = {} } = machineCase;
  const scripted = new ScriptedFunctions(time, functions);
  const world: MachineWorld = {
    invoke: (functionArn, payload) => scripted.invoke(functionArn, payload),
    readJsonArray: (_, key) => readObject(objects, key),
    clock: time,
    random: seededRandom(seed),
  };
  const outcome = await time.run(runMachine(definition, input, world));
  const seconds = time.nowMs() / 1000;
  const { calls, peak } = scripted;
  if (outcome.status === 'ABORTED') throw new Error('Nobody aborts a case.');
  if (outcome.status === 'SUCCEEDED') return { outcome: { output: outcome.output }, calls, seconds, peak };
  return { outcome: { error: outcome.error, cause: outcome.cause }, calls, seconds, peak };
}

async function* readObject(objects: Readonly<Record<string, Json>>, key: string): AsyncGenerator<Json> {
  const items = objects[key];
  if (!Array.isArray(items)) throw new Error(`${key} is missing or no array.`);
  yield* items;
}

/** Mulberry32: uniform in [0, 1), the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
