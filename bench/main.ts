import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchOptions, HELP, parseBenchOptions } from './bench-options.ts';
import { isRefold, REFOLD_PROGRAM } from './contestants.ts';
import { formatBytes, formatReport } from './format-report.ts';
import { installPeers } from './install-peers.ts';
import { judge } from './judge.ts';
import { describeMachine } from './machine.ts';
import { killMeasured } from './measure.ts';
import { measureMemory } from './measure-memory.ts';
import { runBench } from './run-bench.ts';
import { isRight } from './run-workload.ts';

const DATA_FOLDER = join(import.meta.dirname, 'data');
const RUN_FOLDER = join(DATA_FOLDER, `run-${process.pid}`);
const BUILD_SCRIPT = join(import.meta.dirname, '..', 'scripts', 'build.ts');

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = parseBenchOptions(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  process.once('SIGINT', () => {
    killMeasured();
    rmSync(RUN_FOLDER, { recursive: true, force: true });
    process.exit(130);
  });
  mkdirSync(DATA_FOLDER, { recursive: true });
  if (options.contestants.some(isRefold) && existsSync(REFOLD_PROGRAM) && !buildRefold()) return 1;
  return options.memory ? reportMemory(options) : reportTimes(options);
}

async function reportTimes(options: BenchOptions): Promise<number> {
  const installFailure = installPeers();
  if (installFailure !== undefined) process.stderr.write(`The peers could not be installed: ${installFailure}\n`);
  const machine = describeMachine();
  const reports = await runBench({
    options,
    dataFolder: DATA_FOLDER,
    runFolder: RUN_FOLDER,
    refoldProgram: REFOLD_PROGRAM,
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  const heading = `refold bench, ${formatBytes(options.bytes)}, median of ${options.runs} interleaved runs. ${machine}`;
  process.stdout.write(`${formatReport(reports, heading)}\n`);
  const jsonPath = join(DATA_FOLDER, `bench-${options.bytes}.json`);
  const rows = reports.map((report) => ({ ...report, judgement: judge(report) }));
  writeFileSync(jsonPath, `${JSON.stringify({ machine, ...options, reports: rows }, undefined, 2)}\n`);
  process.stderr.write(`written to ${jsonPath}\n`);
  return reports.every(isRight) ? 0 : 1;
}

async function reportMemory(options: BenchOptions): Promise<number> {
  const { text, isRight } = await measureMemory(options, DATA_FOLDER, RUN_FOLDER);
  process.stdout.write(`${describeMachine()}\n\n${text}\n`);
  return isRight ? 0 : 1;
}

/** Once, so that what is timed is what a user installs. */
function buildRefold(): boolean {
  const { status, stderr } = spawnSync(process.execPath, [BUILD_SCRIPT], { encoding: 'utf8' });
  if (status !== 0) process.stderr.write(`node scripts/build.ts failed:\n${stderr}`);
  return status === 0;
}
