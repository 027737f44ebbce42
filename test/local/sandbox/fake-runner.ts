import type { AttemptControl } from '../../../lib/job/attempt-control.ts';
import type { RunnerModule, TaskRunner } from '../../../lib/local/sandbox/sandbox-message.ts';

/** What the tests' job files export: a function of the task's text, called with record 7 at byte 107 of /data/in.txt in hand. */
export type FakeJob = (text: string, control: AttemptControl) => unknown;

/** `group`: called with the group of key `apple` in hand instead. */
export type FakeTask = { readonly text: string; readonly hold?: 'record' | 'group' };

export function openRunner(settings: unknown): TaskRunner {
  return {
    async run(task, control, job) {
      const { text, hold = 'record' } = task as FakeTask;
      control.cursor.enterObject('/data/in.txt');
      control.cursor.moveWindow(100);
      if (hold === 'record') control.cursor.enterRecord(7, 7);
      else control.cursor.enterGroup(new TextEncoder().encode('apple'), 0, 5);
      const answer = await (job as FakeJob)(text, control);
      control.cursor.leave();
      return { answer, settings };
    },
  };
}

export const isJob: RunnerModule['isJob'] = (value) => typeof value === 'function';
