import { MemoryInputStore } from '../../lib/memory/memory-input-store.ts';
import { MemoryObjectStore } from '../../lib/memory/memory-object-store.ts';
import { MemoryOutputs } from '../../lib/memory/memory-output-store.ts';
import { MemoryScratch } from '../../lib/memory/memory-scratch.ts';
import { MemoryTaskLedger } from '../../lib/memory/memory-task-ledger.ts';
import { inputStoreContract } from '../contract/input-store.contract.ts';
import { objectStoreContract } from '../contract/object-store.contract.ts';
import { outputStoreContract } from '../contract/output-store.contract.ts';
import { scratchContract } from '../contract/scratch.contract.ts';
import { taskLedgerContract } from '../contract/task-ledger.contract.ts';

objectStoreContract('MemoryObjectStore', async () => new MemoryObjectStore());

inputStoreContract('MemoryInputStore', async () => {
  const store = new MemoryInputStore();
  return { store, write: async (key, content) => store.write(key, content), remove: async (key) => store.remove(key) };
});

outputStoreContract('MemoryOutputStore', async () => ({ open: new MemoryOutputs().open, location: 'out' }));

taskLedgerContract('MemoryTaskLedger', async (clock) => {
  const ledger = new MemoryTaskLedger(clock);
  return [ledger, ledger];
});

scratchContract('MemoryScratch', () => new MemoryScratch());
