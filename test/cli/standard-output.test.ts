import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const file = JSON.stringify(new URL('../../lib/cli/show/standard-output.ts', import.meta.url).href);

/** Runs a program that writes to standard output, which is a pipe. */
function writing(program: string) {
  const source = `const { printToStdout, writeToStdout } = await import(${file});\n${program}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
}

describe('standard output', () => {
  it('is written again and again without a trace', () => {
    const { stdout, stderr } = writing('for (let at = 0; at < 20; at++) await printToStdout("x");');
    expect(stdout).toBe('x'.repeat(20));
    expect(stderr).toBe('');
  });

  it('is waited for without a trace, as often as it is full', () => {
    const { stdout, stderr } = writing(`
      const write = process.stdout.write.bind(process.stdout);
      process.stdout.write = (...args) => {
        write(...args);
        setImmediate(() => process.stdout.emit('drain'));
        return false;
      };
      await writeToStdout((async function* () { for (let at = 0; at < 20; at++) yield Buffer.from('x'); })());
      console.error(process.stdout.listenerCount('close'), process.stdout.listenerCount('drain'));
    `);
    expect(stdout).toBe('x'.repeat(20));
    expect(stderr).toBe('0 0\n');
  });
});
