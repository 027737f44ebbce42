import type { Json } from '../../coordinator/states.ts';
import { type Chain, type MachineWorld, runChain, type Scope } from './chain.ts';
import { checkDataLimit } from './data-limit.ts';
import { checkMachine } from './machine-check.ts';
import { MachineError } from './machine-error.ts';

export type MachineOutcome =
  | { readonly status: 'SUCCEEDED'; readonly output: Json }
  | { readonly status: 'FAILED'; readonly error: string; readonly cause: string }
  | { readonly status: 'ABORTED' };

/**
 * Runs a machine to its end. Deterministic for a given world: time passes by its clock and chance comes from its random only.
 * When it answers, invocations that were given up (their signal is aborted) may still be running.
 * @throws InvalidMachineError before anything runs
 */
export async function runMachine(definition: unknown, input: Json, world: MachineWorld): Promise<MachineOutcome> {
  const chain = checkMachine(definition);
  const { signal = new AbortController().signal } = world;
  if (signal.aborted) return { status: 'ABORTED' };
  const aborted = Promise.withResolvers<MachineOutcome>();
  const onAbort = () => aborted.resolve({ status: 'ABORTED' });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([runToEnd(chain, input, { world, execution: executionOf(world, input), signal }), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function runToEnd(chain: Chain, input: Json, scope: Scope): Promise<MachineOutcome> {
  try {
    checkDataLimit(input, 'ExecutionInput');
    return { status: 'SUCCEEDED', output: await runChain(chain, input, scope, (name) => scope.world.entered?.(name)) };
  } catch (error) {
    if (scope.signal.aborted) return { status: 'ABORTED' };
    if (error instanceof MachineError) return { status: 'FAILED', error: error.error, cause: error.causeText };
    throw error;
  }
}

function executionOf(world: MachineWorld, input: Json): Scope['execution'] {
  const name = world.executionName ?? 'local';
  return { Id: `local:${name}`, Name: name, Input: input, StartTime: new Date(world.clock.nowMs()).toISOString() };
}
