import { isatty } from 'node:tty';
import type { LocalRequest } from '../../local/job/request.ts';
import type { Command } from '../arguments/command.ts';
import { checkLocalOutput, JOB_FLAGS, readRequest } from '../arguments/job-flags.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { ACCOUNT_FLAGS, useAccount } from '../arguments/stack-flags.ts';
import { UsageError } from '../arguments/usage-error.ts';

export const command: Command = {
  name: 'run',
  operand: '<job.ts>',
  summary: 'Runs a job on this machine.',
  details: [
    'Reads standard input when there is no --input, and writes standard output when there is no --output.',
    'Killed or stopped, the same command goes on from the finished tasks. Sizes are written 64MiB, 64MB or 65536, times 5m, 30s or 1500 (ms).',
  ].join('\n'),
  flags: [
    ...JOB_FLAGS,
    { name: 'overwrite', summary: 'replace what lies at the output' },
    { name: 'json', summary: 'one JSON object on standard output when it ends; needs --output' },
    { name: 'quiet', summary: 'no progress and no summary; errors only' },
    ...ACCOUNT_FLAGS,
  ],
  examples: [
    'refold run word-count.ts --input book.txt --output counts',
    "refold run sessions.ts --input 'logs/2026-*/*.gz' --output sessions --workers 8",
    'refold run join.ts --input visits=visits.csv --input pages=pages.csv --param minRank=10 --output joined',
    'cat access.log | refold run top-ips.ts | head',
    'refold run word-count.ts --input big/ --limit 1000',
    'refold run word-count.ts --input s3://my-logs/raw --limit 1000',
  ],
  run,
};

async function run(given: GivenArguments): Promise<number> {
  const request = readRequest(given);
  checkStdin(request);
  checkLocalOutput(request);
  const isJson = given.has('json');
  if (isJson && request.output === undefined) {
    throw new UsageError({ problem: '--json needs --output.', hint: 'Without --output, standard output holds the data itself.' });
  }
  useAccount(given);
  const [{ driveJob }, { prepareJob }, { adaptersFor }] = await Promise.all([
    import('../local/drive-job.ts'),
    import('../../local/job/prepare-job.ts'),
    import('../local/local-adapters.ts'),
  ]);
  const adapters = await adaptersFor(Object.values(request.inputs));
  return await driveJob((hooks) => prepareJob(request, { ...hooks, adapters }), {
    overwrite: request.overwrite ?? false,
    isQuiet: given.has('quiet'),
    isJson,
  });
}

/** Nobody types a job's input; an empty screen that waits for it says nothing. */
function checkStdin({ inputs }: LocalRequest): void {
  if (!Object.values(inputs).includes('-') || !isatty(0)) return;
  throw new UsageError({ problem: 'There is no input.', hint: 'Give --input PATH, or pipe data into the command.' });
}
