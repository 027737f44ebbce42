import type { FromSandbox, SandboxLimits, ToSandbox } from '../../node/sandbox/sandbox-message.ts';
import { Supervisor } from '../../node/sandbox/supervisor.ts';

/**
 * A worker process: supervises one task thread for the coordinator at the other end of the channel. It ends with that channel, in
 * whatever state its thread is, so a killed coordinator leaves no process behind.
 */

const supervisor = new Supervisor(JSON.parse(process.argv[2]!) as SandboxLimits, () => post({ kind: 'ready' }));

process.on('disconnect', endAtOnce);
if (!process.connected) endAtOnce(); // The coordinator died while this process booted.
process.on('SIGINT', () => {}); // Ctrl-C reaches the whole group; the coordinator decides.
process.stderr.on('error', () => {}); // Whoever read the messages is gone; the task goes on.
process.on('message', (message: ToSandbox) => {
  switch (message.kind) {
    case 'prepare':
      supervisor.prepare(message.job);
      break;
    case 'run':
      void supervisor.run(message.task, post).then((outcome) => post({ kind: 'ended', outcome }));
      break;
    case 'cancel':
      supervisor.cancel();
      break;
    case 'close':
      void supervisor.close().then(() => process.exit(0));
      break;
  }
});

function post(message: FromSandbox): void {
  if (process.connected) process.send!(message, undefined, undefined, () => {});
}

function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}
