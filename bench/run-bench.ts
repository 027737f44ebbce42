import type { BenchOptions } from './bench-options.ts';
import { type DataSet, openDataSet } from './data-set.ts';
import { runWorkload, type WorkloadReport } from './run-workload.ts';
import { WORKLOADS } from './workloads.ts';

/** The chosen workloads, one after another, over data in `folder`. */
export async function runBench(
  options: BenchOptions,
  folder: string,
  progress: (line: string) => void,
): Promise<WorkloadReport[]> {
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
    reports.push(await runWorkload({ workload, inputs, contestants, runs, folder: runFolder, progress }));
  }
  return reports;
}
