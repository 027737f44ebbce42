import type { Clock } from './clock.ts';
import type { Ids } from './ids.ts';
import type { InputStore } from './input-store.ts';
import type { Log } from './log.ts';
import type { ObjectStore } from './object-store.ts';
import type { OpenOutput } from './output-store.ts';
import type { Scratch } from './scratch.ts';
import type { TaskLedger } from './task-ledger.ts';

/** Everything outside the engine. The composition roots (CLI, Lambda handlers, tests) choose the adapters. */
export type World = {
  readonly input: InputStore;
  readonly work: ObjectStore;
  readonly openOutput: OpenOutput;
  readonly ledger: TaskLedger;
  readonly scratch: Scratch;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
};
