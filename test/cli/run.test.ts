import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Workplace } from '../support/refold.ts';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url));
const WORD_COUNT = `export default defineJob({
  params: { least: 1 },
  map(line, emit: Emit<string, number>, task) {
    for (const word of line.split(' ')) if (word.length >= task.params.least) emit(word, 1);
    task.counter('lines').add(1);
  },
  reduce: sum(),
});`;

function wordCount(): Workplace {
  const place = new Workplace();
  place.writeJob(WORD_COUNT);
  place.write('book.txt', 'it was the best of times\nit was the worst of times\n');
  return place;
}

/** A shell line in which `refold` is the command. Its last line of output are the exit codes of its pipe. */
function shell(place: Workplace, line: string): { readonly stdout: string; readonly stderr: string; readonly codes: string } {
  const script = `refold() { "${process.execPath}" "${MAIN}" "$@"; }; ${line}; echo "\${PIPESTATUS[*]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: place.folder, encoding: 'utf8' });
  const lines = stdout.trimEnd().split('\n');
  return { codes: lines.pop() ?? '', stdout: lines.map((text) => `${text}\n`).join(''), stderr };
}

describe('refold run', () => {
  it('is a filter: standard input to standard output, and nothing else on it', () => {
    const place = wordCount();
    const first = shell(place, 'cat book.txt | refold run job.ts | sort');
    expect(first).toMatchObject({
      stdout: 'best\t1\nit\t2\nof\t2\nthe\t2\ntimes\t2\nwas\t2\nworst\t1\n',
      codes: '0 0 0',
    });
    expect(first.stderr).toContain('read      2 records, 51 B');
    expect(first.stderr).toContain('counter   lines = 2');
    expect(first.stderr).toContain('receipt   2 read = 2 mapped');
    // The spool is gone with the job's end, and the same input is still the same job.
    expect(place.output('.refold/stdin')).toEqual([]);
    const second = shell(place, 'refold run job.ts --input - < book.txt | sort');
    expect(second.stdout).toBe(first.stdout);
    expect(second.stderr).toContain('was done before: its stored result follows. Run it anew with --new.');
  });

  it('ends with 0 when the reader of its output goes', () => {
    const place = wordCount();
    place.write('long.txt', Array.from({ length: 60_000 }, (_, at) => `word${at}\n`).join(''));
    const { stdout, stderr, codes } = shell(place, 'refold run job.ts --input long.txt --quiet | head -1');
    expect(stdout).toMatch(/^word\d+\t1\n$/);
    expect({ stderr, codes }).toEqual({ stderr: '', codes: '0 0' });
  });

  it('writes a folder, says on the next call that it is done, and runs anew with --new', async () => {
    const place = wordCount();
    const args = ['run', 'job.ts', '--input', 'book.txt', '--output', 'out'];
    const first = await place.start(...args).ended;
    expect(first).toMatchObject({ exitCode: 0, stdout: '' });
    expect(place.output()).toEqual(['_SUCCESS', 'part-00000.tsv']);
    const again = await place.start(...args).ended;
    expect(again).toMatchObject({ exitCode: 0, stdout: '' });
    expect(again.stderr).toMatch(/was done before: its output is at .*out\. Run it anew with --new\.\n$/);
    const occupied = await place.start(...args, '--new').ended;
    expect(occupied).toMatchObject({ exitCode: 2, stdout: '' });
    expect(occupied.stderr).toContain('error REFOLD_OUTPUT_OCCUPIED');
    const anew = await place.start(...args, '--new', '--overwrite', '--quiet').ended;
    expect(anew).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('prints one JSON object with --json, of a job that is done and of one that failed', async () => {
    const place = wordCount();
    const done = await place.start('run', 'job.ts', '--input', 'book.txt', '--output', 'out', '--json').ended;
    expect(done.exitCode).toBe(0);
    const status = JSON.parse(done.stdout) as Record<string, unknown>;
    expect(status).toMatchObject({ state: 'DONE', run: 1, generation: 0, counters: { lines: 2 }, error: null });
    expect(status.output).toBe(place.path('out'));
    place.writeJob(`export default defineJob({ map() { throw new Error('no\\u001b[31m'); } });`);
    const failed = await place.start('run', 'job.ts', '--input', 'book.txt', '--output', 'out2', '--json').ended;
    expect(failed.exitCode).toBe(1);
    expect(JSON.parse(failed.stdout)).toMatchObject({ state: 'FAILED', error: { code: 'REFOLD_USER_CODE' } });
    expect(failed.stderr).toMatch(/^error REFOLD_USER_CODE {2}the job failed: job-/m);
    expect(failed.stderr).toContain('no\\x1b[31m');
    expect(failed.stderr).toContain('refold resume job-');
    expect(place.output('out2')).toBeUndefined();
  });

  it('takes options, params, a limit and several named inputs', async () => {
    const place = wordCount();
    place.writeJob(
      `import { input } from 'refold';
      const map = (line: string, emit: Emit<string, number>, task: { input: string }) => emit(task.input, line.length);
      export default defineJob({ inputs: { left: input(lines(), map), right: input(lines(), map) }, reduce: sum() });`,
      'two.ts',
    );
    place.write('right=x.txt', 'abc\n');
    const { stdout, stderr } = shell(
      place,
      `refold run two.ts --input left=book.txt --input right=right=x.txt --limit 1 --split-bytes 1KiB --workers inline | sort`,
    );
    expect(stdout, stderr).toBe('left\t24\nright\t3\n');
    expect(shell(place, 'refold run job.ts --input book.txt --param least=5 | sort').stdout).toBe('times\t2\nworst\t1\n');
  });

  it('says every few seconds, and at the ends of a phase, how far it is', async () => {
    const place = wordCount();
    const args = ['--input', 'book.txt', '--output', 'out', '--solo-bytes', '0', '--split-bytes', '10', '--workers', 'inline'];
    const { stderr, exitCode } = await place.start('run', 'job.ts', ...args).ended;
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(
      /^map {5}0\/6 tasks\nmap {5}6\/6 tasks in [\d.]+ s\nreduce {2}0\/1 tasks\nreduce {2}1\/1 tasks in [\d.]+ s\ndone /,
    );
  });
});

describe('refold run ends', () => {
  it('with 0 when the job is done and garbage could not be collected, and says so', async () => {
    const place = wordCount();
    mkdirSync(place.path('.refold'));
    symlinkSync(place.path('nowhere/nothing'), place.path('.refold/collected'));
    const { exitCode, stderr } = await place.start('run', 'job.ts', '--input', 'book.txt', '--output', 'out', '--quiet').ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(/^garbage was not collected: .*ENOENT/) });
  });

  it('with 1 when something has come to lie at the output while the job ran, and leaves it there', async () => {
    const place = wordCount();
    place.writeJob(`import { mkdirSync, writeFileSync } from 'node:fs';
export default defineJob({
  params: { out: '' },
  map(line, emit, { params }) {
    mkdirSync(params.out, { recursive: true });
    writeFileSync(params.out + '/part-00000.tsv', 'precious');
  },
});`);
    const args = ['--input', 'book.txt', '--output', 'out', '--param', `out=${place.path('out')}`];
    const { exitCode, stderr } = await place.start('run', 'job.ts', ...args).ended;
    expect(exitCode, stderr).toBe(1);
    expect(stderr).toMatch(/REFOLD_OUTPUT_OCCUPIED {2}the job failed/);
    expect(place.read('out/part-00000.tsv')).toBe('precious');
  });
});

describe('refold run refuses, with exit code 2 and the way out,', () => {
  it.each([
    {
      name: 'a flag it does not know',
      args: ['--inpt', 'book.txt'],
      says: ['--inpt is no flag of refold run.', 'Did you mean --input?'],
    },
    {
      name: 'a flag without its value',
      args: ['--output', '--json'],
      says: ['--output needs a value.', 'Write --output FOLDER.'],
    },
    { name: 'a value for a switch', args: ['--new=yes'], says: ['--new takes no value.'] },
    { name: 'a size it cannot read', args: ['--split-bytes', '64MX'], says: ['"64MX" is not a size, such as 64MiB'] },
    {
      name: 'an option out of bounds',
      args: ['--input', 'book.txt', '--workers', '0'],
      says: ['workers: 0 is not a whole number from 1'],
    },
    {
      name: 'several inputs for one',
      args: ['--input', 'book.txt', '--input', 'job.ts'],
      says: ['one unnamed input', 'quoted glob'],
    },
    {
      name: 'what a glob leaves behind',
      args: ['--input', 'a.log', 'b.log'],
      says: ['"b.log" is one argument too many.', 'Quote a glob'],
    },
    { name: 'a param without a value', args: ['--param', 'least'], says: ['Write --param NAME=VALUE.'] },
    { name: '--json without --output', args: ['--input', 'book.txt', '--json'], says: ['--json needs --output.'] },
    {
      name: 'an input that is not there',
      args: ['--input', 'nope.txt'],
      says: ['REFOLD_INPUT_MISSING', 'nope.txt: no such file'],
    },
    {
      name: 'an input of another name',
      args: ['--input', 'left=book.txt'],
      says: ['left is not one of the inputs of this job', 'Give --input PATH.'],
    },
    { name: 'an output in its input', args: ['--input', '.', '--output', 'out'], says: ['REFOLD_OUTPUT_OVERLAP'] },
  ])('$name', async ({ args, says }) => {
    const { exitCode, stdout, stderr } = await wordCount().start('run', 'job.ts', ...args).ended;
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^error REFOLD_\w+ {2}nothing was run\n {2}what {2}/);
    for (const text of says) expect(stderr).toContain(text);
    expect(stderr).not.toContain('node:internal');
  });
});

it('refold run tells of a job that does not compile while standard input is still open', async () => {
  const place = wordCount();
  place.write('job.ts', 'export default {{');
  const child = spawn(process.execPath, [MAIN, 'run', 'job.ts'], { cwd: place.folder, stdio: ['pipe', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const [exitCode] = await once(child, 'close');
  expect(exitCode, stderr).toBe(2);
  expect(stderr).toContain('error REFOLD_JOB_MODULE');
});

describe('refold', () => {
  it('gives its version, its help, and the help of every command', async () => {
    const place = new Workplace();
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect(await place.start('--version').ended).toMatchObject({ exitCode: 0, stdout: `${version}\n` });
    const bare = await place.start().ended;
    expect(bare).toMatchObject({ exitCode: 2, stdout: '' });
    expect((await place.start('--help').ended).stdout).toBe(bare.stderr);
    for (const command of ['run', 'plan', 'status', 'ls', 'cat', 'resume', 'cancel']) {
      expect(bare.stderr).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
    }
    expect(await place.start('rnu').ended).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Did you mean run?') });
  });
});
