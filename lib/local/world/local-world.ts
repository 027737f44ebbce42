import { join } from 'node:path';
import { FileScratch } from '../../node/file-scratch.ts';
import { JsonLog } from '../../node/json-log.ts';
import { RandomIds } from '../../node/random-ids.ts';
import { SystemClock } from '../../node/system-clock.ts';
import type { World } from '../../ports/world.ts';
import { FileInputStore } from '../files/file-input-store.ts';
import { FileObjectStore } from '../files/file-object-store.ts';
import { openFileOutput } from '../files/file-output-store.ts';
import { SqliteTaskLedger } from '../ledger/sqlite-task-ledger.ts';

/** Where a local job lives. Plain data: it travels to the worker processes. */
export type LocalSettings = {
  /** Paths of input and output are relative to it. */
  readonly cwd: string;
  /** `.refold/`, absolute. */
  readonly workFolder: string;
};

export const scratchFolder = (settings: LocalSettings) => join(settings.workFolder, 'scratch');

/** The ports over the file system and SQLite. Opens nothing before it is used. */
export function openLocalWorld(settings: LocalSettings, writeLog: (line: string) => void = () => {}): World {
  const clock = new SystemClock();
  return {
    input: new FileInputStore({ cwd: settings.cwd }),
    work: new FileObjectStore(settings.workFolder),
    openOutput: openFileOutput({ cwd: settings.cwd }),
    ledger: new SqliteTaskLedger({ path: join(settings.workFolder, 'ledger.sqlite'), clock }),
    scratch: new FileScratch(scratchFolder(settings)),
    clock,
    ids: new RandomIds(),
    log: new JsonLog({ writeLine: writeLog, clock }),
  };
}
