import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openWabt from 'wabt';

/** Assembles lib/map/combine-table.wat into the constant that the engine loads: `node scripts/build-wasm.ts`. */
const lib = fileURLToPath(new URL('../lib/map/', import.meta.url));

/** The text of combine-table-wasm.ts. */
export async function wasmSource(): Promise<string> {
  const wabt = await openWabt();
  const module = wabt.parseWat('combine-table.wat', readFileSync(`${lib}combine-table.wat`, 'utf8'), {
    simd: true,
    bulk_memory: true,
  });
  module.resolveNames();
  module.validate();
  const { buffer } = module.toBinary({});
  module.destroy();
  const lines = Buffer.from(buffer)
    .toString('base64')
    .match(/.{1,120}/g)!;
  return [
    '/** combine-table.wat as `node scripts/build-wasm.ts` assembles it, in base64. */',
    'export const COMBINE_TABLE_WASM = [',
    ...lines.map((line) => `  '${line}',`),
    "].join('');",
    '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(`${lib}combine-table-wasm.ts`, await wasmSource());
