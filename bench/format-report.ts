import { CONTESTANTS } from './contestants.ts';
import { judge, medianOf, type Verdict } from './judge.ts';
import type { Row, WorkloadReport } from './run-workload.ts';

const RECORD_BYTES = 500_000_000;

/** Markdown: every contestant of every workload, then the table of ratios and targets. */
export function formatReport(reports: readonly WorkloadReport[], heading: string): string {
  return [`# ${heading}`, ...reports.map(formatWorkload), formatTargets(reports)].join('\n\n');
}

function formatWorkload(report: WorkloadReport): string {
  const { workload, inputBytes, rows } = report;
  const checksum = rows.find((row) => row.checksum !== undefined)?.checksum ?? 'none';
  const header = [
    'contestant',
    'median s',
    'min s',
    'MB/s',
    `at 500 MB in the targets' table, s`,
    'peak MB',
    'largest worker MB',
    'result',
  ];
  const lines = rows.map((row) => formatRow(row, report));
  return `## ${workload.title}: ${formatBytes(inputBytes)}, checksum ${checksum}\n\n${table(header, lines)}`;
}

function formatRow(row: Row, { workload, inputBytes }: WorkloadReport): string[] {
  const { contestant, seconds, memory, absent, difference } = row;
  const median = medianOf(seconds);
  const record = (workload.recordSeconds as Readonly<Record<string, number | undefined>>)[contestant];
  return [
    CONTESTANTS[contestant],
    number(median, 3),
    number(median === undefined ? undefined : Math.min(...seconds), 3),
    inputBytes < 1e6 || median === undefined ? '–' : (inputBytes / median / 1e6).toFixed(0),
    number(record, 2),
    megabytes(memory?.rootBytes),
    memory?.workers ? megabytes(memory.workerBytes) : '–',
    difference === undefined ? (absent ?? 'agrees') : `DIFFERS: ${difference}`,
  ].map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' '));
}

function formatTargets(reports: readonly WorkloadReport[]): string {
  const header = ['workload', 'bytes job / DuckDB (sort: GNU sort)', '', 'text job / plain script', '', 'one / two workers', ''];
  const lines = reports.map((report) => {
    const { fast, easy, scaling } = judge(report);
    return [report.workload.title, ...formatVerdict(fast, '≤'), ...formatVerdict(easy, '≤'), ...formatVerdict(scaling, '≥')];
  });
  const size = reports.some(({ inputBytes }) => inputBytes >= RECORD_BYTES) ? '' : ' The targets are for 500 MB.';
  return `## Ratios of medians\n\n${table(header, lines)}\n\nTime decides nothing but this table.${size}`;
}

function formatVerdict({ ratio, target, met }: Verdict, sign: string): string[] {
  if (target === undefined) return ['–', ''];
  return [number(ratio, 2), `${sign} ${target} ${met === undefined ? 'not measured' : met ? 'met' : '**missed**'}`];
}

export function table(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const all = [header, header.map(() => '---'), ...lines];
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function number(value: number | undefined, digits: number): string {
  return value === undefined ? '–' : value.toFixed(digits);
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? '–' : (bytes / 1e6).toFixed(0);
}

export function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${bytes} bytes`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
