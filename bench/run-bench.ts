import type { BenchOptions } from './bench-options.ts';
import { type DataSet, openDataSet } from './data-set.ts';
import { runWorkload, type WorkloadReport } from './run-workload.ts';
import { WORKLOADS } from './workloads.ts';

export type BenchRun = {
  readonly options: BenchOptions;
  /** Keeps generated data from bench to bench. */
  readonly dataFolder: string;
  /** For the results of one command at a time; gone at the end. */
  readonly runFolder: string;
  /** The module that Node runs as `refold`. */
  readonly refoldProgram: string;
  readonly progress: (line: string) => void;
};

/** The chosen workloads, one after another. */
export async function runBench({ options, dataFolder, runFolder, refoldProgram, progress }: BenchRun): Promise<WorkloadReport[]> {
  const reports: WorkloadReport[] = [];
  for (const workload of WORKLOADS.filter(({ name }) => options.workloads.includes(name))) {
    const inputs: DataSet[] = [];
    for (const name of workload.inputs) {
      const dataSet = await openDataSet(dataFolder, name, options.bytes);
      progress(
        `${workload.name}  ${dataSet.path}: ${dataSet.bytes} bytes, ${dataSet.rows} rows, sha256 ${dataSet.sha256.slice(0, 16)}`,
      );
      inputs.push(dataSet);
    }
    const { contestants, runs } = options;
    reports.push(await runWorkload({ workload, inputs, contestants, runs, folder: runFolder, refoldProgram, progress }));
  }
  return reports;
}
