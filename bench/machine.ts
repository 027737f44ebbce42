import { cpus, release, totalmem, type } from 'node:os';

/** One line on what the figures were taken on. */
export function describeMachine(): string {
  const processors = cpus();
  const memoryGib = (totalmem() / 2 ** 30).toFixed(0);
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}, ${memoryGib} GiB, ${type()} ${release()}, Node ${process.version}`;
}
