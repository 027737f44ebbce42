import { FailureError } from '../../job/failure.ts';
import type { JobShape } from '../../job/job-shape.ts';
import { DEFAULT_SANDBOX_LIMITS } from '../sandbox/sandbox-message.ts';
import { Supervisor } from '../sandbox/supervisor.ts';
import { Turns } from '../turns.ts';
import { engineFile } from './engine-file.ts';

/** The top level of a job's module is all that runs: it may take its time to load, and no more. */
const DESCRIBE_TIMEOUT_MS = 60_000;

/** Threads that boot all at once keep each other from it, and a module that is not loaded in 10 s counts as a loop. */
const turns = new Turns(4);

/**
 * Loads a bundle in a supervised thread and asks the job in it for its shape, so that a module that loops, exits or eats memory is an
 * error and not the end of this process. However many ask at once, four load at a time.
 * @param jobFile the user's own file, for messages
 * @throws FailureError with the name and code of the cause, such as JobModuleError
 */
export function describeJob(bundlePath: string, jobFile: string): Promise<JobShape> {
  return turns.run(() => describeInThread(bundlePath, jobFile));
}

async function describeInThread(bundlePath: string, jobFile: string): Promise<JobShape> {
  const supervisor = new Supervisor({ ...DEFAULT_SANDBOX_LIMITS, taskTimeoutMs: DESCRIBE_TIMEOUT_MS });
  try {
    supervisor.prepare({ bundlePath, jobFile, runner: { module: engineFile('describe-runner').href, settings: null } });
    const outcome = await supervisor.run({ role: 'describe' }, () => {});
    if (outcome.kind === 'failed') throw new FailureError(outcome.failure);
    return outcome.answer as JobShape;
  } finally {
    await supervisor.close();
  }
}
