/**
 * npm run model: what jobs cost and how long they take on AWS, from the engine's own plan. `--json` for machines, `--all` for every number of
 * workers, `--docs` writes the tables into docs/cost-model.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jobTable, modelRows, modelTables } from './model-table.ts';

const DOC = join(import.meta.dirname, '..', 'docs', 'cost-model.md');

const flags = new Set(process.argv.slice(2));
if (flags.has('--docs')) writeFileSync(DOC, withTables(readFileSync(DOC, 'utf8')));
else if (flags.has('--json')) console.log(JSON.stringify(modelRows(), undefined, 2));
else console.log(flags.has('--all') ? jobTable(modelRows()) : modelTables());

function withTables(text: string): string {
  const [begin, end] = ['<!-- npm run model -- --docs -->', '<!-- end -->'];
  return `${text.slice(0, text.indexOf(begin) + begin.length)}\n\n${modelTables()}\n\n${text.slice(text.indexOf(end))}`;
}
