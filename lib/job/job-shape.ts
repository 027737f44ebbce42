import type { Job, Params } from './define-job.ts';
import { type JobOptions, OPTION_NAMES } from './job-options.ts';
import { defaultsOf } from './resolve-params.ts';
import { outsideInputsOf, stepsOf } from './step.ts';

/** What planning must know of one job of a chain: plain data, so that no user code runs in the coordinator. */
export type StepShape = {
  readonly name: string;
  readonly inputs: readonly {
    readonly name: string;
    readonly reader: string;
    readonly cuts: 'ranges' | 'whole' | 'pairs';
    readonly upstream?: number;
  }[];
  readonly mapOnly: boolean;
  readonly partition: 'hash' | 'range';
  readonly groupBy: number;
  /** Of its parts' names, such as `.tsv.gz`. */
  readonly extension: string;
};

export type JobShape = {
  readonly name?: string;
  readonly steps: readonly StepShape[];
  readonly outsideInputs: readonly string[];
  /** Defaults of all steps, for names and types: see `defaultsOf`. */
  readonly params: Params;
  /** Options that the job file itself gives. */
  readonly options: JobOptions;
};

/** @throws InvalidJobError */
export function shapeOf(job: Job): JobShape {
  const steps = stepsOf(job);
  const { definition } = job;
  return {
    ...(definition.name === undefined ? {} : { name: definition.name }),
    steps: steps.map((step) => ({
      name: step.name,
      inputs: step.inputs.map(({ name, reader, upstream }) => ({
        name,
        reader: reader.name,
        cuts: reader.cuts,
        ...(upstream === undefined ? {} : { upstream }),
      })),
      mapOnly: step.reduce === undefined,
      partition: step.partition.by,
      groupBy: step.groupBy,
      extension: step.writer.extension,
    })),
    outsideInputs: outsideInputsOf(steps),
    params: defaultsOf(steps),
    options: Object.fromEntries(
      OPTION_NAMES.filter((name) => definition[name] !== undefined).map((name) => [name, definition[name]]),
    ),
  };
}
