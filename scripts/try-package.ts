/**
 * npm run try-package: packs refold, installs it into an empty project as a user would, and runs there what the README says: a job in
 * TypeScript, one in JavaScript, and the filter. Ends with an error when an answer is not what it must be.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const project = mkdtempSync(join(tmpdir(), 'refold-package-'));
try {
  runIn(root, 'npm', 'pack', '--silent', '--pack-destination', project);
  const tarball = readdirSync(project).find((file) => file.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack left no package');
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
  runIn(project, 'npm', 'install', '--silent', '--no-audit', '--no-fund', `./${tarball}`);
  writeFileSync(join(project, 'book.txt'), 'a rose is\na rose is\na Rose\n');
  writeFileSync(join(project, 'word-count.ts'), firstCodeBlock());
  writeFileSync(join(project, 'lengths.js'), javaScriptJob());
  expectOutput(
    runIn(project, 'npx', 'refold', 'run', 'word-count.ts', '--input', 'book.txt', '--quiet'),
    'a\t3\nis\t2\nrose\t3\n',
  );
  expectOutput(runIn(project, 'npx', 'refold', 'run', 'lengths.js', '--input', 'book.txt', '--quiet'), '6\t1\n9\t2\n');
  expectOutput(runIn(project, 'sh', '-c', 'cat book.txt | npx refold run word-count.ts --quiet | head -1'), 'a\t3\n');
  runIn(project, 'npx', 'refold', 'run', 'word-count.ts', '--input', 'book.txt', '--output', 'counts', '--quiet');
  expectOutput(readFileSync(join(project, 'counts', 'part-00000.tsv'), 'utf8'), 'a\t3\nis\t2\nrose\t3\n');
  checkTypes();
  for (const file of ['dist/THIRD-PARTY-LICENSES', 'ARCHITECTURE.md', 'docs/iam.md', 'docs/command-line.md'])
    readFileSync(join(project, 'node_modules/refold', file));
  console.log('The package works in an empty project: TypeScript, JavaScript, the filter, and its types.');
} finally {
  rmSync(project, { recursive: true, force: true });
}

function runIn(cwd: string, command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The README's program, word for word. */
function firstCodeBlock(): string {
  const block = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1];
  if (block === undefined) throw new Error('the README shows no program');
  return block;
}

function javaScriptJob(): string {
  return `import { count, defineJob, lines } from 'refold';
export default defineJob({
  input: lines(),
  map(line, emit) { emit(line.length, 1); },
  reduce: count(),
});
`;
}

function checkTypes(): void {
  const settings = {
    compilerOptions: { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, types: [] },
    files: ['word-count.ts'],
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(settings));
  runIn(project, join(root, 'node_modules', '.bin', 'tsc'), '--project', project);
}

function expectOutput(found: string, expected: string): void {
  if (found !== expected) throw new Error(`expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}
