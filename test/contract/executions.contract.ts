import { describe, expect, it } from 'vitest';
import type { ExecutionState, Executions } from '../../lib/aws/start/executions.ts';

const DEADLINE_MS = 60_000;

/** @param open a machine whose executions run until they are stopped, or, of jobs called `short…`, end by themselves at once. */
export function executionsContract(adapterName: string, open: () => Executions | Promise<Executions>): void {
  let names = 0;
  const newJob = (kind: 'long' | 'short') => ({ jobId: `${kind}-${Date.now().toString(36)}-${++names}`, run: 1 });

  describe(`${adapterName} keeps the Executions contract`, () => {
    it('knows no execution before it is started', async () => {
      const executions = await open();
      expect(await executions.describe('nobody-1')).toEqual({ kind: 'missing' });
    });

    it('starts one execution however often it is told to while it runs', async () => {
      const executions = await open();
      const input = newJob('long');
      const name = `${input.jobId}-1`;
      const answers = await Promise.all([1, 2, 3, 4].map(() => executions.start(name, input)));
      expect(answers).toEqual(['started', 'started', 'started', 'started']);
      expect(await executions.describe(name)).toEqual({ kind: 'running' });
      await executions.stop(name, { error: 'Test', cause: 'over' });
      expect(await untilEnded(executions, name)).toMatchObject({ kind: 'ended', status: 'ABORTED' });
    });

    it('starts none under the name of one that has ended', async () => {
      const executions = await open();
      for (const kind of ['short', 'long'] as const) {
        const input = newJob(kind);
        const name = `${input.jobId}-1`;
        await executions.start(name, input);
        if (kind === 'long') await executions.stop(name, { error: 'Test', cause: 'over' });
        const end = await untilEnded(executions, name);
        expect(end).toMatchObject({ status: kind === 'long' ? 'ABORTED' : 'SUCCEEDED' });
        expect(await executions.start(name, input)).toBe('ended-before');
        expect(await executions.describe(name)).toEqual(end);
      }
    });

    it('stops nothing where nothing runs', async () => {
      const executions = await open();
      await executions.stop('nobody-1', { error: 'Test', cause: 'over' });
      const input = newJob('short');
      await executions.start(`${input.jobId}-1`, input);
      const end = await untilEnded(executions, `${input.jobId}-1`);
      await executions.stop(`${input.jobId}-1`, { error: 'Test', cause: 'over' });
      expect(await executions.describe(`${input.jobId}-1`)).toEqual(end);
    });
  });
}

async function untilEnded(executions: Executions, name: string): Promise<ExecutionState> {
  const deadlineMs = Date.now() + DEADLINE_MS;
  while (Date.now() < deadlineMs) {
    const state = await executions.describe(name);
    if (state.kind === 'ended') return state;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} did not end`);
}
