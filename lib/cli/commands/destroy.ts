import type { StackDeletion } from '../../aws/stack/delete-stack.ts';
import type { StackRemoval } from '../../aws/stack/stack-removal.ts';
import type { Command } from '../arguments/command.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { STACK_FLAGS, stackOf, useAccount } from '../arguments/stack-flags.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { askYesOrNo } from '../show/ask.ts';
import { EXIT_CODES } from '../show/exit-code.ts';
import { listenForSignals } from '../show/signals.ts';
import { printToStdout } from '../show/standard-output.ts';
import { checkRunningJobs } from '../stack/running-jobs.ts';

export const command: Command = {
  name: 'destroy',
  operand: '',
  summary: 'Removes a stack from AWS; what jobs have written stays.',
  details:
    'Outputs are never touched. The work bucket and the ledger stay too, unless the stack was made to drop them; the command says what stays and how to remove it.',
  flags: [
    { name: 'yes', summary: 'without a question' },
    { name: 'while-running', summary: 'although jobs run on the stack: they end where they stand' },
    { name: 'json', summary: 'what stays as one JSON object' },
    ...STACK_FLAGS,
  ],
  examples: ['refold destroy', 'refold destroy --stack analytics --yes'],
  run,
};

async function run(given: GivenArguments): Promise<number> {
  const stack = stackOf(given);
  useAccount(given);
  const { openStackRemoval } = await import('../../aws/stack/stack-removal.ts');
  const removal = await openStackRemoval(stack);
  try {
    return await removeStack(removal, stack, given);
  } finally {
    removal.close();
  }
}

/** @param checkRunning throws while jobs run. @throws StackBusyError, UsageError, before anything is removed */
export async function removeStack(
  removal: StackRemoval,
  stack: string,
  given: GivenArguments,
  checkRunning: typeof checkRunningJobs = checkRunningJobs,
): Promise<number> {
  if (!given.has('while-running')) await checkRunning(stack, 'destroy');
  if (!given.has('yes')) {
    if (!process.stdin.isTTY) throw new UsageError({ problem: 'destroy asks, and there is no terminal.', hint: 'Give --yes.' });
    const question = `Remove the stack ${stack} in ${removal.region}? Jobs that run there stop.`;
    if (!(await askYesOrNo(question))) {
      process.stderr.write('nothing was removed\n');
      return EXIT_CODES.cancelled;
    }
  }
  process.stderr.write(`removing ${stack} in ${removal.region}; this takes a minute or two\n`);
  const stopping = listenForSignals(() => process.stderr.write('no longer waiting; AWS goes on removing it\n'));
  stopping.begin();
  try {
    const deletion = await removal.remove(stopping.signal);
    if (given.has('json')) await printToStdout(`${JSON.stringify({ stack, ...deletion })}\n`);
    else process.stderr.write(describeDeletion(stack, deletion));
    if (deletion.kind === 'running') return stopping.exitCode() ?? EXIT_CODES.failed;
    return deletion.kind === 'deleted' ? EXIT_CODES.done : EXIT_CODES.failed;
  } finally {
    stopping.close();
  }
}

/** Removing what stays is a command of its own to type: nobody should lose data by a flag too many. */
const REMOVE_COMMANDS: Readonly<Record<string, (name: string) => string>> = {
  'AWS::S3::Bucket': (name) => `aws s3 rb --force s3://${name}`,
  'AWS::DynamoDB::Table': (name) => `aws dynamodb delete-table --table-name ${name}`,
  'AWS::Logs::LogGroup': (name) => `aws logs delete-log-group --log-group-name ${name}`,
  'AWS::KMS::Key': (name) => `aws kms schedule-key-deletion --key-id ${name}`,
};

export function describeDeletion(stack: string, deletion: StackDeletion): string {
  switch (deletion.kind) {
    case 'running':
      return `${stack} is not gone yet. See how it goes: aws cloudformation describe-stacks --stack-name ${stack}\n`;
    case 'failed':
      return `${stack} was not removed: ${deletion.status}, ${deletion.reason}\nMend that, and repeat the command.\n`;
    case 'deleted':
      return [
        deletion.kept.some(({ type }) => type === 'AWS::S3::Bucket')
          ? `${stack} is removed. The outputs of its jobs stay where they are.\n`
          : `${stack} is removed, and its own bucket with it. Outputs in other buckets stay where they are.\n`,
        ...deletion.kept.map(({ type, name }) => `stays     ${name} (${type})${removeHint(type, name)}\n`),
      ].join('');
  }
}

function removeHint(type: string, name: string): string {
  const commandFor = REMOVE_COMMANDS[type];
  return commandFor === undefined ? '' : `; remove it with: ${commandFor(name)}`;
}
