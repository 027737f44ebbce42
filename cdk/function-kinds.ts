import { Duration } from 'aws-cdk-lib';
import type { TriggerRule } from '../lib/aws/trigger/trigger-rule.ts';
import type { FunctionKind } from './functions.ts';

/** Sizes in MB. Lambda gives CPU with memory: a full core at 1,769 MB. New accounts may be limited to 3,008 MB: see `max`. */
export type Memory = {
  /** Of map and reduce: the first for every task, the others for tasks whose sandbox was lost, in order. @default [1769, 4096, 10240] */
  readonly tasks?: readonly number[];
  /** Of a small job that runs whole in one sandbox. @default 4096 */
  readonly solo?: number;
  /** Of the functions that decide and move no data. @default 1024 */
  readonly deciding?: number;
  /** No function gets more: larger sizes become this one. For accounts that Lambda allows 3,008 MB. @default 10240 */
  readonly max?: number;
};

export type FunctionKindOptions = {
  readonly memory: Memory;
  readonly timeout: Duration;
  readonly machineArn: string;
  readonly triggers: readonly TriggerRule[];
  /** Where jobs may read and write, as functions know locations. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
};

/** Every function of the stack. */
export function functionKinds(options: FunctionKindOptions): readonly FunctionKind[] {
  const { memory, timeout, machineArn, triggers, inputs, outputs } = options;
  const { tasks, solo, deciding } = resolveMemory(memory);
  const [first, ...rungs] = tasks;
  const task = { timeout, runsUserCode: true, environment: {} };
  const decision = { memoryMb: deciding, timeout: Duration.minutes(15), runsUserCode: false, environment: {} };
  const ofMachine = { REFOLD_STATE_MACHINE_ARN: machineArn };
  return [
    { ...decision, name: 'plan', role: 'plan', file: 'plan' },
    { ...task, name: 'solo', role: 'solo', file: 'solo', memoryMb: solo },
    { ...task, name: 'sample', role: 'map', file: 'sample', memoryMb: first },
    { ...task, name: 'map', role: 'map', file: 'map', memoryMb: first },
    ...rungs.map((memoryMb) => ({ ...task, name: `map${memoryMb}`, role: 'map', file: 'map', memoryMb }) as const),
    { ...decision, name: 'planReduce', role: 'planReduce', file: 'plan-reduce' },
    { ...task, name: 'reduce', role: 'reduce', file: 'reduce', memoryMb: first },
    ...rungs.map((memoryMb) => ({ ...task, name: `reduce${memoryMb}`, role: 'reduce', file: 'reduce', memoryMb }) as const),
    { ...decision, name: 'check', role: 'check', file: 'check' },
    { ...decision, name: 'commit', role: 'commit', file: 'commit' },
    { ...decision, name: 'watch', role: 'watch', file: 'watch' },
    { ...decision, name: 'markFailed', role: 'markFailed', file: 'mark-failed', environment: ofMachine },
    {
      ...decision,
      name: 'start',
      role: 'start',
      file: 'start',
      timeout: Duration.minutes(5),
      // Locations only here: Lambda has little room for variables, and the others are held to them by their rights.
      environment: {
        ...ofMachine,
        REFOLD_TRIGGERS: JSON.stringify(triggers),
        REFOLD_INPUTS: JSON.stringify(inputs),
        REFOLD_OUTPUTS: JSON.stringify(outputs),
      },
    },
  ];
}

/** Of Lambda. */
const MEMORY_MB_MIN = 128;
const MEMORY_MB_MAX = 10_240;

function resolveMemory({ tasks = [1769, 4096, 10240], solo = 4096, deciding = 1024, max = MEMORY_MB_MAX }: Memory) {
  if (!Number.isInteger(max) || max < MEMORY_MB_MIN || max > MEMORY_MB_MAX)
    throw new Error(`memory.max is a size from ${MEMORY_MB_MIN} to ${MEMORY_MB_MAX} MB, which ${max} is not.`);
  if (tasks.length === 0 || tasks.some((mb, index) => index > 0 && mb <= tasks[index - 1]!))
    throw new Error(`memory.tasks are sizes that grow, which ${JSON.stringify(tasks)} do not.`);
  const [first, ...rungs] = new Set(tasks.map((mb) => Math.min(mb, max)));
  return { tasks: [first!, ...rungs] as const, solo: Math.min(solo, max), deciding: Math.min(deciding, max) };
}
