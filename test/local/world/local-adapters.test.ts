import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { FileInputStore } from '../../../lib/local/files/file-input-store.ts';
import { FileObjectStore } from '../../../lib/local/files/file-object-store.ts';
import { openFileOutput } from '../../../lib/local/files/file-output-store.ts';
import { SqliteTaskLedger } from '../../../lib/local/ledger/sqlite-task-ledger.ts';
import { FileScratch } from '../../../lib/node/file-scratch.ts';
import { inputStoreContract } from '../../contract/input-store.contract.ts';
import { objectStoreContract } from '../../contract/object-store.contract.ts';
import { outputStoreContract } from '../../contract/output-store.contract.ts';
import { scratchContract } from '../../contract/scratch.contract.ts';
import { taskLedgerContract } from '../../contract/task-ledger.contract.ts';
import { temporaryFolder } from '../temporary-folder.ts';

objectStoreContract('FileObjectStore', async () => new FileObjectStore(join(temporaryFolder(), '.refold')));

inputStoreContract('FileInputStore', async () => {
  const cwd = temporaryFolder();
  return {
    store: new FileInputStore({ cwd }),
    write: async (key, content) => {
      mkdirSync(dirname(join(cwd, key)), { recursive: true });
      writeFileSync(join(cwd, key), content);
    },
    remove: async (key) => rmSync(join(cwd, key)),
  };
});

outputStoreContract('FileOutputStore', async () => ({ open: openFileOutput({ cwd: temporaryFolder() }), location: 'a/out' }));

taskLedgerContract('SqliteTaskLedger', async (clock) => {
  const path = join(temporaryFolder(), 'deep/ledger.sqlite');
  const ledgers = [new SqliteTaskLedger({ path, clock }), new SqliteTaskLedger({ path, clock })] as const;
  onTestFinished(() => Promise.all(ledgers.map((ledger) => ledger.close())).then(() => undefined));
  return ledgers;
});

scratchContract('FileScratch', () => new FileScratch(join(temporaryFolder(), 'scratch')));
