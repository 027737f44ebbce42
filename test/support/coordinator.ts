import { exitCodeOf } from '../../lib/cli/show/exit-code.ts';
import { showError } from '../../lib/cli/show/show-error.ts';
import { executeJob } from '../../lib/local/job/execute-job.ts';
import { prepareJob } from '../../lib/local/job/prepare-job.ts';
import type { LocalRequest } from '../../lib/local/job/request.ts';

/** A coordinator to be killed: runs the job of the request in its argument, and says on standard output what happens, a line of JSON each. */
const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

try {
  const prepared = await prepareJob(JSON.parse(process.argv[2]!) as LocalRequest, { onSandbox: say });
  try {
    const outcome = await executeJob(prepared, {
      overwrite: false,
      signal: new AbortController().signal,
      onStart: ({ jobId, run }) => say({ kind: 'run-started', jobId, run }),
      onEvent: say,
    });
    say({ kind: outcome.kind, already: outcome.kind === 'done' && outcome.already });
  } finally {
    await prepared.pool.close();
  }
} catch (error) {
  process.stderr.write(showError(error));
  process.exitCode = exitCodeOf(error);
}
