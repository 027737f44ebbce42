import type { MachineInput } from '../../../lib/coordinator/machine-call.ts';
import { executionsContract } from '../../contract/executions.contract.ts';
import { MemoryExecutions } from '../memory-executions.ts';

class ShortOrLong extends MemoryExecutions {
  override async start(name: string, input: MachineInput): Promise<'started' | 'ended-before'> {
    const answer = await super.start(name, input);
    if (answer === 'started' && input.jobId.startsWith('short')) this.end(name, { status: 'SUCCEEDED' });
    return answer;
  }
}

executionsContract('MemoryExecutions', () => new ShortOrLong());
