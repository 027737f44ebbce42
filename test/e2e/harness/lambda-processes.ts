import { readdirSync, readFileSync } from 'node:fs';

/** Functions run as processes of this machine only where LocalStack does without containers, on Linux. */
export function seesLambdaProcesses(functionNames: readonly string[]): boolean {
  return functionNames.some((name) => lambdaProcesses(name).length > 0);
}

/** The pids of a function's sandboxes: by its name in their environment, which no other process of ours has. */
export function lambdaProcesses(functionName: string): readonly number[] {
  const wanted = `AWS_LAMBDA_FUNCTION_NAME=${functionName}`;
  return pids().filter((pid) => environmentOf(pid).includes(wanted));
}

/** Ends all sandboxes of a function as a machine's death would. Answers how many there were. */
export function killLambdaProcesses(functionName: string): number {
  let killed = 0;
  for (const pid of lambdaProcesses(functionName)) {
    try {
      process.kill(pid, 'SIGKILL');
      killed++;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return killed;
}

function pids(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return []; // No Linux.
  }
}

/** Empty for processes of others, and for those that have just ended. */
function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
