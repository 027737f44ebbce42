import { parseArgs } from 'node:util';
import { FAULT_KINDS } from '../test/simulation/fault-plan.ts';
import { type SeedReport, simulateSeed } from '../test/simulation/simulate-seed.ts';

/** `npm run simulate -- --seeds 1000 --seed 41`: that many jobs under faults, from that seed on. `--trace` tells what happens. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.seeds);
const totals = new Map<string, number>();
const failed: SeedReport[] = [];
const startedAtMs = performance.now();

for (let seed = first; seed < first + count; seed++) {
  const report = await simulateSeed(seed, values.trace ? { trace: (line) => console.log(line) } : {});
  add(report);
  if (report.violations.length === 0) continue;
  failed.push(report);
  console.log(`seed ${seed} (${report.name}):\n  ${report.violations.join('\n  ')}`);
  console.log(`  again: npm run simulate -- --seeds 1 --seed ${seed} --trace`);
}
summarize();
process.exitCode = failed.length === 0 ? 0 : 1;

function add(report: SeedReport): void {
  const plus = (name: string, by: number) => totals.set(name, (totals.get(name) ?? 0) + by);
  plus(`ended ${report.end}`, 1);
  plus(`job ${report.name}`, 1);
  for (const [kind, times] of report.faults) plus(`fault ${kind}`, times);
  for (const [state, times] of report.crashes) plus(`crash in ${state}`, times);
  for (const [name, times] of report.failures) plus(`failed run ${name}`, times);
  for (const name of ['runs', 'attempts', 'invalidations', 'generations', 'steps'] as const) plus(name, report[name]);
}

function summarize(): void {
  for (const kind of FAULT_KINDS) if (!totals.has(`fault ${kind}`)) totals.set(`fault ${kind}`, 0);
  for (const name of [...totals.keys()].sort()) console.log(`${name.padEnd(32)} ${totals.get(name)}`);
  const seconds = (performance.now() - startedAtMs) / 1000;
  console.log(`${count} seeds in ${seconds.toFixed(1)} s: ${failed.length} with violations`);
}
