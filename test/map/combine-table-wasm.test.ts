import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { wasmSource } from '../../scripts/build-wasm.ts';

it('combine-table-wasm.ts is what combine-table.wat assembles to: else run `node scripts/build-wasm.ts`', async () => {
  const committed = readFileSync(new URL('../../lib/map/combine-table-wasm.ts', import.meta.url), 'utf8');
  expect(committed).toBe(await wasmSource());
});
