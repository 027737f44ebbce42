import type { BuiltinCombiner } from '../combine/combiner.ts';
import { lines } from '../record/lines.ts';
import type { Reader } from '../record/reader.ts';
import { tsv } from '../record/tsv-writer.ts';
import type { Writer } from '../record/writer.ts';
import { InvalidJobError } from './check-definition.ts';
import type { AnyDefinition, CombineFunction, Job, MapFunction, Params, ReduceFunction } from './define-job.ts';
import type { Identity } from './identity.ts';
import { isPairsReader } from './pairs.ts';
import { hash, type Partitioner } from './partitioner.ts';
import type { TaskContext } from './task-context.ts';

export type AnyMap = MapFunction<unknown, unknown, unknown>;
export type AnyReduce = ReduceFunction<unknown, unknown, unknown, unknown>;
export type AnyCombine = CombineFunction<unknown, unknown>;

export type StepInput = {
  /** `''` for the one unnamed input. */
  readonly name: string;
  readonly reader: Reader<unknown>;
  /** `handOn` where the job gives none. */
  readonly map: AnyMap;
  /** Index of the step whose output pairs are read; undefined for an input from outside. */
  readonly upstream: number | undefined;
};

/** One job of a chain, with every default filled in. */
export type Step = {
  readonly index: number;
  readonly name: string;
  readonly inputs: readonly StepInput[];
  readonly combine: BuiltinCombiner<unknown, unknown> | AnyCombine | undefined;
  readonly reduce: BuiltinCombiner<unknown, unknown> | Identity | AnyReduce | undefined;
  /** 0 = the whole key groups. */
  readonly groupBy: number;
  readonly partition: Partitioner;
  readonly setup: ((task: TaskContext) => void | Promise<void>) | undefined;
  readonly cleanup: ((emit: (key: unknown, value: unknown) => void, task: TaskContext) => void | Promise<void>) | undefined;
  readonly writer: Writer;
  /** The job's defaults. */
  readonly params: Params;
};

/**
 * The jobs that `job` needs, in an order in which each comes after those it reads, and itself last.
 * @throws InvalidJobError when jobs need each other in a circle
 */
export function stepsOf(job: Job): readonly Step[] {
  const steps: Step[] = [];
  const indexes = new Map<Job, number | 'under way'>();
  const visit = (current: Job): number => {
    const known = indexes.get(current);
    if (known === 'under way') throw new InvalidJobError('its pairs() go in a circle');
    if (known !== undefined) return known;
    indexes.set(current, 'under way');
    const inputs = inputsOf(current.definition).map((input) => ({
      ...input,
      upstream: isPairsReader(input.reader) ? visit(input.reader.job as Job) : undefined,
    }));
    const index = steps.length;
    steps.push(stepOf(current.definition, index, inputs));
    indexes.set(current, index);
    return index;
  };
  visit(job);
  return steps;
}

function inputsOf(definition: AnyDefinition): readonly Omit<StepInput, 'upstream'>[] {
  if (definition.inputs === undefined) {
    return [{ name: '', reader: definition.input ?? (lines() as Reader<unknown>), map: (definition.map ?? handOn) as AnyMap }];
  }
  return Object.entries(definition.inputs).map(([name, named]) => ({
    name,
    reader: named.reader,
    map: (named.map ?? handOn) as AnyMap,
  }));
}

/** The map of an input that has none. Where nothing looks at the pairs on the way, encoded ones are handed on without it. */
export function handOn([key, value]: readonly [unknown, unknown], emit: (key: unknown, value: unknown) => void): void {
  emit(key, value);
}

function stepOf(definition: AnyDefinition, index: number, inputs: readonly StepInput[]): Step {
  const { output } = definition;
  return {
    index,
    name: definition.name ?? `step ${index + 1}`,
    inputs,
    combine: definition.combine as Step['combine'],
    reduce: definition.reduce as Step['reduce'],
    groupBy: definition.groupBy ?? 0,
    partition: definition.partition ?? hash(),
    setup: definition.setup?.bind(definition) as Step['setup'],
    cleanup: definition.cleanup?.bind(definition) as Step['cleanup'],
    writer: output === undefined ? tsv() : 'writer' in output ? output.writer : output,
    params: definition.params ?? {},
  };
}

/** Names of the inputs that must be given from outside, over all steps; inputs of one name are one location. */
export function outsideInputsOf(steps: readonly Step[]): readonly string[] {
  const outside = steps.flatMap((step) =>
    step.inputs.filter((input) => input.upstream === undefined).map((input) => ({ step, name: input.name })),
  );
  const unnamed = new Set(outside.filter((input) => input.name === '').map((input) => input.step.index));
  if (unnamed.size > 1)
    throw new InvalidJobError('two of its steps have an unnamed input', 'Name them: inputs: { logs: input(lines(), map) }.');
  return [...new Set(outside.map((input) => input.name))];
}
