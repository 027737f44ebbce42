import { readdirSync, readFileSync } from 'node:fs';

const SAMPLE_INTERVAL_MS = 50;

/** Peak resident memory of a command, and of the processes it started. */
export type PeakMemory = {
  /** Of the process that was started: refold's coordinator. */
  readonly rootBytes: number;
  /** Of the largest process below it: refold's largest worker; 0 without any. */
  readonly workerBytes: number;
  /** Processes seen below it. */
  readonly workers: number;
};

/**
 * Watches a process and all below it, twenty times a second, by the kernel's own high-water marks: a peak between two looks is seen by the
 * second, and only what grows in the last 50 ms of a process's life is missed. A look costs about 0.3 ms. `stop` answers undefined for a
 * process too short-lived to be seen grown up, and where there is no /proc.
 */
export function watchMemory(pid: number): { stop(): PeakMemory | undefined } {
  const peaks = new Map<number, number>();
  let looks = 0;
  const sample = () => {
    looks++;
    for (const each of processTree(pid)) peaks.set(each, Math.max(peaks.get(each) ?? 0, readPeakBytes(each)));
  };
  const timer = setInterval(sample, SAMPLE_INTERVAL_MS);
  return {
    stop() {
      clearInterval(timer);
      const rootBytes = peaks.get(pid) ?? 0;
      if (rootBytes === 0 || looks < 3) return undefined;
      const workers = [...peaks].filter(([each]) => each !== pid).map(([, bytes]) => bytes);
      return { rootBytes, workerBytes: Math.max(0, ...workers), workers: workers.length };
    },
  };
}

function processTree(root: number): number[] {
  const tree = [root];
  for (let at = 0; at < tree.length; at++) tree.push(...childrenOf(tree[at]!));
  return tree;
}

/** Empty for a process that has ended: it may do so at any moment. */
function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** 0 for a process that has ended. */
function readPeakBytes(pid: number): number {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return match === null ? 0 : Number(match[1]) * 1024;
  } catch {
    return 0;
  }
}
