import { defineJob, type Emit, lines, pairs, testJob } from 'refold';
import { describe, expect, it } from 'vitest';
import { AttemptContext, contextAt } from '../../lib/job/attempt-context.ts';
import { fingerprintOf } from '../../lib/job/fingerprint.ts';
import { RecordCursor } from '../../lib/job/record-cursor.ts';
import { resolveParams } from '../../lib/job/resolve-params.ts';

/** Two jobs, each with a default of its own for `width`. */
function chainOf(first: Record<string, string | number>, second: Record<string, string | number>) {
  const before = defineJob({
    params: first,
    input: lines(),
    map(line, emit: Emit<string, unknown>, task) {
      emit(line, { ...task.params });
    },
  });
  return defineJob({
    params: second,
    input: pairs(before),
    map([line, seen], emit: Emit<string, unknown>, task) {
      emit(line, [seen, { ...task.params }]);
    },
  });
}

describe('the params of a chain', () => {
  it('are those of each job, and what is given holds for all that have it', async () => {
    const chain = chainOf({ width: 1, first: 'a' }, { width: 2 });
    expect(await testJob(chain, ['x'])).toEqual([['x', [{ width: 1, first: 'a' }, { width: 2 }]]]);
    expect(await testJob(chain, ['x'], { params: { width: 5 } })).toEqual([['x', [{ width: 5, first: 'a' }, { width: 5 }]]]);
  });

  it('may not have two types under one name', async () => {
    await expect(testJob(chainOf({ width: 1 }, { width: 'wide' }), ['x'])).rejects.toThrow(
      /the param width is a number in one of its steps and a string in another/,
    );
  });
});

describe('resolveParams', () => {
  it.each(['toString', 'constructor', '__proto__'])('refuses %s, which every object has but no job', (name) => {
    expect(() => resolveParams({ width: 1 }, Object.fromEntries([[name, '5']]))).toThrow(/not a param of this job/);
  });

  it.each(['Infinity', '-Infinity', 'NaN', '1e999', Number.POSITIVE_INFINITY, Number.NaN])('refuses %s for a number', (value) => {
    expect(() => resolveParams({ width: 1 }, { width: value })).toThrow(/not a number, like its default 1/);
  });

  it('answers only what is given', () => {
    expect(resolveParams({ width: 1, name: 'a', isLoud: false }, { isLoud: 'true' })).toEqual({ isLoud: true });
  });
});

describe('fingerprintOf', () => {
  it('takes the inputs in any order', () => {
    const inputs = ['a', 'b'].map((name) => ({ name, location: name, digest: name, objects: 1, bytes: 1 }));
    const options = { splitBytes: 1, reduceTasks: 1, memoryBytes: 1, onBadRecord: 'fail', soloBytes: 1 } as const;
    const job = { code: { sha256: '', file: '' }, params: {}, options, output: 'out' };
    expect(fingerprintOf({ ...job, inputs: inputs.toReversed() })).toBe(fingerprintOf({ ...job, inputs }));
  });
});

describe('task.log', () => {
  it('is capped over all records in flight together', () => {
    const lines: string[] = [];
    const control = {
      attemptId: 'a',
      cursor: new RecordCursor(),
      signal: new AbortController().signal,
      onLog: (line: string) => lines.push(line),
    };
    const context = new AttemptContext(control, { params: {}, attempt: 1, index: 0 });
    for (let record = 0; record < 1500; record++) contextAt(context, { object: 'o', byte: 0, record }).log('line');
    expect(lines).toHaveLength(1001);
    expect(lines.at(-1)).toContain('more than 1000 lines');
  });
});
