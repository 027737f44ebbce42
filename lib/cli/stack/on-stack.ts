import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { stackOf, useAccount } from '../arguments/stack-flags.ts';
import type { StackAccess } from './stack-access.ts';

/** Runs a command on the stack and in the account that its flags name. @throws what `openStackAccess` throws */
export async function onStack<Answer>(given: GivenArguments, work: (access: StackAccess) => Promise<Answer>): Promise<Answer> {
  useAccount(given);
  return await withStack(stackOf(given), work);
}

/** Opens a stack for as long as `work` takes. Loads the AWS clients, which only commands on a stack pay for. */
export async function withStack<Answer>(stack: string, work: (access: StackAccess) => Promise<Answer>): Promise<Answer> {
  const { openStackAccess } = await import('./open-stack-access.ts');
  const { access, close } = await openStackAccess(stack);
  try {
    return await work(access);
  } finally {
    close();
  }
}
