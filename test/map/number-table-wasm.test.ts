import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { wasmSource } from '../../scripts/build-wasm.ts';

it('number-table-wasm.ts is what number-table.wat assembles to: else run `node scripts/build-wasm.ts`', async () => {
  const committed = readFileSync(new URL('../../lib/map/number-table-wasm.ts', import.meta.url), 'utf8');
  expect(committed).toBe(await wasmSource());
});
