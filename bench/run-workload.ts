import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CONTESTANTS, type ContestantName, enter, isRefold, resultFiles } from './contestants.ts';
import type { DataSet } from './data-set.ts';
import { measure } from './measure.ts';
import type { PeakMemory } from './process-memory.ts';
import { explainDifference, type Result, readResult } from './result.ts';
import type { Workload } from './workloads.ts';

/** What one contestant did with one workload. */
export type Row = {
  readonly contestant: ContestantName;
  /** One a run that ended well, in order. */
  readonly seconds: number[];
  /** The greatest of all runs; undefined where the system does not tell. */
  memory: PeakMemory | undefined;
  checksum: string | undefined;
  /** Why it did not run, or not to the end. */
  absent: string | undefined;
  /** Why its result is not that of the first. */
  difference: string | undefined;
};

export type WorkloadReport = {
  readonly workload: Workload;
  readonly inputBytes: number;
  readonly rows: readonly Row[];
};

export type WorkloadRun = {
  readonly workload: Workload;
  readonly inputs: readonly DataSet[];
  readonly contestants: readonly ContestantName[];
  readonly runs: number;
  /** A folder of its own, emptied before each command and at the end. */
  readonly folder: string;
  readonly refoldProgram: string;
  readonly progress: (line: string) => void;
};

/** All contestants in turns, A B C A B C …, so that a slow moment of the machine hits all alike. Every result of every run is compared. */
export async function runWorkload(plan: WorkloadRun): Promise<WorkloadReport> {
  const { workload, inputs, contestants, runs, folder, progress } = plan;
  const rows: Row[] = contestants.map((contestant) => ({
    contestant,
    seconds: [],
    memory: undefined,
    checksum: undefined,
    absent: undefined,
    difference: undefined,
  }));
  let reference: Result | undefined;
  for (let run = 0; run < runs; run++) {
    for (const row of rows) {
      if (row.absent !== undefined) continue;
      const result = await runOnce(row, plan);
      if (result === undefined) {
        progress(`${workload.name}  ${CONTESTANTS[row.contestant]}: ${row.absent}`);
        continue;
      }
      reference ??= result;
      row.checksum = result.checksum;
      row.difference ??= explainDifference(result, reference);
      progress(
        `${workload.name}  ${CONTESTANTS[row.contestant]}  ${row.seconds.at(-1)!.toFixed(3)} s  ${row.difference ?? 'agrees'}`,
      );
    }
  }
  rmSync(folder, { recursive: true, force: true });
  return { workload, inputBytes: inputs.reduce((sum, { bytes }) => sum + bytes, 0), rows };
}

/** Adds one run to the row and answers its result; undefined when there is none, with the reason in `row.absent`. */
async function runOnce(row: Row, { workload, inputs, folder, refoldProgram }: WorkloadRun): Promise<Result | undefined> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'work'), { recursive: true });
  const output = join(folder, 'result');
  const entry = enter(row.contestant, workload, { inputs, folder: join(folder, 'work'), output, refoldProgram });
  if ('absent' in entry) {
    row.absent = entry.absent;
    return undefined;
  }
  const { seconds, memory, failure } = await measure(entry.command);
  if (failure !== undefined || !existsSync(output)) {
    row.absent = `failed: ${failure ?? 'it ended well without a result'}`;
    return undefined;
  }
  row.seconds.push(seconds);
  row.memory = greater(row.memory, memory);
  return readResult(workload.result, resultFiles(output, row.contestant));
}

function greater(one: PeakMemory | undefined, other: PeakMemory | undefined): PeakMemory | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return {
    rootBytes: Math.max(one.rootBytes, other.rootBytes),
    workerBytes: Math.max(one.workerBytes, other.workerBytes),
    workers: Math.max(one.workers, other.workers),
  };
}

/** True when nothing is wrong: all results agree, and refold did not fail. Peers may be absent, or fail. */
export function isRight(report: WorkloadReport): boolean {
  return report.rows.every(
    ({ contestant, absent, difference }) => difference === undefined && !(absent?.startsWith('failed:') && isRefold(contestant)),
  );
}
