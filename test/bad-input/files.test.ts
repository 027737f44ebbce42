import { appendFileSync, existsSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { until, Workplace } from '../support/refold.ts';

const JOB = 'export default defineJob({ map(line, emit) { emit(line, 1); }, reduce: count() });';
/** Its first record waits for the file `go`, after it has written `begun`. */
const WAITING_JOB = `import { existsSync, writeFileSync } from 'node:fs';
const pause = new Int32Array(new SharedArrayBuffer(4));
export default defineJob({
  map(line, emit) {
    if (line === 'line 0') for (writeFileSync('begun', ''); !existsSync('go'); ) Atomics.wait(pause, 0, 0, 5);
    emit(line, 1);
  },
  reduce: count(),
});`;

function place(job = JOB): Workplace {
  const workplace = new Workplace();
  workplace.writeJob(job);
  workplace.write('in.txt', Array.from({ length: 100 }, (_, line) => `line ${line}\n`).join(''));
  return workplace;
}

function replaceFile(path: string): void {
  writeFileSync(`${path}.new`, 'x'.repeat(800));
  renameSync(`${path}.new`, path);
}

describe('refold run', () => {
  it.each([
    { what: 'grows', change: (path: string) => appendFileSync(path, 'more\n') },
    {
      what: 'is replaced',
      change: replaceFile,
    },
    { what: 'vanishes', change: (path: string) => unlinkSync(path) },
  ])('fails when a file $what while the job runs', async ({ change }) => {
    const workplace = place(WAITING_JOB);
    const refusal = workplace.refusalOf('in.txt', '--solo-bytes', '0', '--split-bytes', '100', '--workers', '1');
    await until(() => existsSync(workplace.path('begun')));
    change(workplace.path('in.txt'));
    workplace.write('go', '');
    const { exitCode, said } = await refusal;
    expect(exitCode).toBe(1);
    expect(said).toMatch(/REFOLD_INPUT_CHANGED[\s\S]*in\.txt changed while the job ran/);
    expect(said).toContain('the changed input is a new job');
  });

  it('names a file that cannot be read', async () => {
    // Reading the first byte of /proc/self/mem is an error for every user, root too, whom no permission stops.
    const { exitCode, said } = await place().refusalOf('/proc/self/mem');
    expect([1, 2]).toContain(exitCode);
    expect(said).toMatch(/REFOLD_INPUT_UNREADABLE[\s\S]*\/proc\/self\/mem cannot be read: /);
  });

  it('takes no file for empty whose size the system does not know', async () => {
    const { said } = await place().refusalOf('/proc/cpuinfo');
    expect(said).toContain('/proc/cpuinfo cannot be read: it says that it is empty and is not');
    expect(said).toContain('pipe it into standard input');
  });

  it('writes over nothing that it did not make', async () => {
    const workplace = place();
    workplace.write('out/mine.txt', 'precious');
    const { exitCode, stderr } = await workplace.run('in.txt');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/REFOLD_OUTPUT_OCCUPIED[\s\S]*out is not empty: it holds mine\.txt\.[\s\S]*--overwrite/);
    expect(workplace.output()).toEqual(['mine.txt']);
  });

  it('refuses an output inside its input, and an input inside its output', async () => {
    const workplace = place();
    workplace.write('data/in.txt', 'a\n');
    const inside = await workplace.start('run', 'job.ts', '--input', 'data', '--output', 'data/out').ended;
    expect(inside.exitCode).toBe(2);
    expect(inside.stderr).toMatch(/The output data\/out lies in the input data\.|The output data\/out .* the input data/);
    expect(inside.stderr).toContain('Choose an --output outside the input');
    const around = await workplace.start('run', 'job.ts', '--input', 'data/in.txt', '--output', 'data').ended;
    expect(around.exitCode).toBe(2);
    expect(workplace.output('data')).toEqual(['in.txt']);
  });

  it('says that the output folder takes no files', async () => {
    const workplace = place();
    // /proc takes no files from anyone, root too.
    const ended = await workplace.start('run', 'job.ts', '--input', 'in.txt', '--output', '/proc/refold-out', '--quiet').ended;
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/REFOLD_OUTPUT_UNWRITABLE[\s\S]*\/proc\/\S* cannot be written: [\s\S]*choose another --output/);
    expect(workplace.processes()).toEqual([]);
  });

  it('says that the work area cannot be made', async () => {
    const workplace = place();
    workplace.write('.refold', 'a file where the folder should be');
    for (const command of ['run', 'plan']) {
      const { exitCode, stderr } = await workplace.start(command, 'job.ts', '--input', 'in.txt').ended;
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/REFOLD_WORK_AREA {2}nothing was run[\s\S]*The work area cannot be used at \S*\.refold\/code: /);
      expect(stderr).toContain('or go to a folder where it can be made');
    }
  });

  it('says that the ledger cannot be used, before anything runs', async () => {
    const workplace = place();
    expect((await workplace.run('in.txt')).exitCode).toBe(0);
    workplace.write('.refold/ledger.sqlite', 'no database'.repeat(1_000));
    for (const call of [
      ['run', 'job.ts', '--input', 'in.txt', '--output', 'other', '--quiet'],
      ['ls', '--json'],
    ]) {
      const { exitCode, stderr } = await workplace.start(...(call as [string])).ended;
      expect(exitCode, stderr).toBe(2);
      expect(stderr).toMatch(/REFOLD_LEDGER_UNUSABLE {2}nothing was run\n/);
    }
  });

  it('says that the output is a file', async () => {
    const workplace = place();
    workplace.write('out', 'precious');
    const { exitCode, stderr } = await workplace.run('in.txt');
    expect([1, 2]).toContain(exitCode);
    expect(stderr).toMatch(/REFOLD_OUTPUT_[\s\S]*out/);
    expect(workplace.read('out')).toBe('precious');
  });

  it('leaves nothing at the output when a part outgrows the disk', async () => {
    // A limit on the size of files stands for a full disk: the same failed write, without a mount.
    const workplace = place(
      'export default defineJob({ map(line, emit) { emit(line, "x".repeat(1e6)); }, reduce(key, values, emit) { for (const value of values) emit(key, value); } });',
    );
    const { exitCode, said } = await workplace.limited(20_000).refusalOf('in.txt', '--max-attempts', '1');
    expect(exitCode).toBe(1);
    expect(said).toMatch(
      /REFOLD_OUTPUT_UNWRITABLE[\s\S]*part-00000[\s\S]* cannot be written: [\s\S]*Free some space or choose another --output/,
    );
    // The finished work is kept, so with room the same command goes on.
    expect((await workplace.limited().linesOf('in.txt', '--max-attempts', '1')).length).toBe(100);
  });

  it('says which temporary file outgrew the disk', async () => {
    const workplace = place(
      'export default defineJob({ map(line, emit) { for (let n = 0; n < 3e5; n++) emit(Math.random(), line); }, reduce: count() });',
    );
    const { exitCode, said } = await workplace
      .limited(4_000)
      .refusalOf('in.txt', '--max-attempts', '1', '--solo-bytes', '0', '--memory-bytes', '8MiB', '--workers', '1');
    expect(exitCode).toBe(1);
    expect(said).toMatch(/REFOLD_SCRATCH_FULL[\s\S]*Temporary file \S+ cannot be written[\s\S]*raise --memory-bytes/);
  });
});
