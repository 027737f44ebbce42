import type { AttemptControl } from '../../../lib/job/attempt-control.ts';
import type { RunnerModule, TaskRunner } from '../../../lib/node/sandbox/sandbox-message.ts';
import { ByteSink } from '../../../lib/record/byte-sink.ts';
import { encodeKey } from '../../../lib/record/key-encoder.ts';

/** What the tests' job files export: a function of the task's text, called with record 7 at byte 107 of /data/in.txt in hand. */
export type FakeJob = (text: string, control: AttemptControl) => unknown;

/** `key`: called with the group of that key in hand instead. */
export type FakeTask = { readonly text: string; readonly key?: string };

export function openRunner(settings: unknown): TaskRunner {
  return {
    async run(task, control, job) {
      const { text, key } = task as FakeTask;
      if (key === undefined) holdRecord(control);
      else holdGroup(control, key);
      const answer = await (job as FakeJob)(text, control);
      return { answer, settings };
    },
  };
}

export const isJob: RunnerModule['isJob'] = (value) => typeof value === 'function';

function holdRecord({ cursor }: AttemptControl): void {
  cursor.enterObject('/data/in.txt');
  cursor.moveWindow(100);
  cursor.enterRecord(7, 7);
}

function holdGroup({ cursor }: AttemptControl, key: string): void {
  const sink = new ByteSink();
  encodeKey(key, sink);
  cursor.enterGroup(sink.bytes, 0, sink.length);
}
