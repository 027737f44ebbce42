import { createSandboxPool } from '../../../lib/local/sandbox/sandbox-pool.ts';
import type { SandboxJob } from '../../../lib/node/sandbox/sandbox-message.ts';

/** A coordinator with two workers in endless loops, to be killed. Prints the pids of its workers, one a line, then `looping`. */
const job = JSON.parse(process.argv[2]!) as SandboxJob;
const pool = await createSandboxPool({
  workers: 2,
  onEvent: (event) => {
    if (event.kind === 'sandbox-started') console.log(event.pid);
  },
});
pool.prepare(job);
let begun = 0;
const onBegun = (): void => {
  if (++begun === 2) console.log('looping');
};
await Promise.all([pool.run({ text: 'a' }, { onBegun }), pool.run({ text: 'b' }, { onBegun })]);
