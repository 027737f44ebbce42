import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as refold from 'refold';

const names = Object.keys(refold).join(', ');

/** Writes a job file into a folder, with all of refold in scope; answers its path. For jobs too small or too wrong for a file of their own. */
export function writeJob(folder: string, source: string, name = 'job.ts'): string {
  const path = join(folder, name);
  writeFileSync(path, `import { ${names} } from 'refold';\n${source}`);
  return path;
}

/** Writes a file of lines; answers its path. */
export function writeLines(folder: string, lines: readonly string[], name = 'input.txt'): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

export function numbers(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}
