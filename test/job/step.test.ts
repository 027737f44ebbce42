import { csv, defineJob, hash, identity, input, type Job, jsonl, pairs, range, rawLines, sum, tsv } from 'refold';
import { describe, expect, it } from 'vitest';
import { InvalidJobError } from '../../lib/job/check-definition.ts';
import { outsideInputsOf, type Step, stepsOf } from '../../lib/job/step.ts';

const map = () => {};

/** A job that reads the pairs of others, as inputs `in0`, `in1` and so on; lines from outside without any. */
function jobOf(name: string, ...upstream: readonly Job[]): Job {
  if (upstream.length === 0) return defineJob({ name, map }) as Job;
  const inputs = Object.fromEntries(upstream.map((job, at) => [`in${at}`, input(pairs(job), map)]));
  return defineJob({ name, inputs }) as Job;
}

const show = (steps: readonly Step[]) =>
  steps.map(({ name, inputs }) => `${name}(${inputs.map(({ upstream }) => upstream ?? '-').join(' ')})`);

describe('stepsOf', () => {
  const first = jobOf('first');
  const second = jobOf('second', first);

  it.each([
    { name: 'a job alone', job: first, steps: ['first(-)'] },
    { name: 'a chain', job: jobOf('third', second), steps: ['first(-)', 'second(0)', 'third(1)'] },
    {
      name: 'a job that two others read, once',
      job: jobOf('join', second, jobOf('other', first)),
      steps: ['first(-)', 'second(0)', 'other(0)', 'join(1 2)'],
    },
    { name: 'one job read twice by another', job: jobOf('self', first, first), steps: ['first(-)', 'self(0 0)'] },
    { name: 'an early job read again late', job: jobOf('late', second, first), steps: ['first(-)', 'second(0)', 'late(1 0)'] },
  ])('puts each job after those it reads: $name', ({ job, steps }) => {
    expect(show(stepsOf(job))).toEqual(steps);
    expect(stepsOf(job).map(({ index }) => index)).toEqual(steps.map((_, at) => at));
  });

  it('is the same at every call, so that every run of a job numbers its steps alike', () => {
    const job = jobOf('late', second, first);
    expect(show(stepsOf(job))).toEqual(show(stepsOf(job)));
  });

  it.each([1, 2, 3])('refuses a circle of %i jobs', (count) => {
    const reader = pairs(first) as unknown as { job: Job };
    let job = defineJob({ input: reader as never, map }) as Job;
    const start = job;
    for (let at = 1; at < count; at++) job = jobOf(`step ${at}`, job);
    reader.job = job;
    expect(() => stepsOf(start)).toThrow(InvalidJobError);
    expect(() => stepsOf(job)).toThrow('its pairs() go in a circle');
  });

  it('fills in every default', () => {
    const [step] = stepsOf(defineJob({ map }) as Job);
    expect(step).toMatchObject({ index: 0, name: 'step 1', groupBy: 0, params: {} });
    expect(step).toMatchObject({ combine: undefined, reduce: undefined, setup: undefined, cleanup: undefined });
    expect(step!.inputs).toMatchObject([{ name: '', upstream: undefined, reader: { name: 'lines' } }]);
    expect(step!.partition).toEqual(hash());
    expect(step!.writer.extension).toBe(tsv().extension);
  });

  it('keeps what is given', () => {
    const combine = sum();
    const [step] = stepsOf(
      defineJob({
        name: 'n',
        input: rawLines(),
        map,
        combine,
        reduce: identity(),
        groupBy: 2,
        partition: range(),
        output: jsonl(),
        params: { a: 1 },
      } as never) as Job,
    );
    expect(step).toMatchObject({ name: 'n', groupBy: 2, params: { a: 1 }, partition: range() });
    expect(step!.combine).toBe(combine);
    expect(step!.reduce).toEqual(identity());
    expect(step!.inputs[0]!.reader.name).toBe('rawLines');
    expect(step!.writer.extension).toBe('.jsonl');
  });

  it('lets setup and cleanup see their job as this', () => {
    const definition = {
      greeting: 'hello',
      map,
      setup() {
        heard.push((this as unknown as { greeting: string }).greeting);
      },
    };
    const heard: string[] = [];
    const job = { kind: 'refold-job', definition } as unknown as Job;
    stepsOf(job)[0]!.setup!({} as never);
    expect(heard).toEqual(['hello']);
  });
});

describe('outsideInputsOf', () => {
  const named = (...names: readonly string[]) =>
    defineJob({ inputs: Object.fromEntries(names.map((name) => [name, input(csv(), map)])) }) as Job;
  const both = (left: Job, right: Job) =>
    defineJob({ inputs: { l: input(pairs(left), map), r: input(pairs(right), map) } }) as Job;

  it.each([
    { name: 'the unnamed one', job: jobOf('a'), names: [''] },
    { name: 'the unnamed one of the first job of a chain', job: jobOf('b', jobOf('a')), names: [''] },
    { name: 'named ones in the order of the job', job: named('visits', 'pages'), names: ['visits', 'pages'] },
    { name: 'those of all jobs of a graph', job: both(named('x'), named('y')), names: ['x', 'y'] },
    {
      name: 'one location for one name, however many jobs read it',
      job: both(named('x', 'y'), named('y', 'x')),
      names: ['x', 'y'],
    },
    { name: 'one unnamed beside named ones', job: both(jobOf('a'), named('x')), names: ['', 'x'] },
    { name: 'one unnamed of a job that two others read', job: both(jobOf('b', jobOf('a')), named('x')), names: ['', 'x'] },
  ])('gives $name', ({ job, names }) => {
    expect(outsideInputsOf(stepsOf(job))).toEqual(names);
  });

  it('refuses two jobs with an unnamed input each: nobody could tell which one --input means', () => {
    const refused = () => outsideInputsOf(stepsOf(both(jobOf('a'), jobOf('b'))));
    expect(refused).toThrow(InvalidJobError);
    expect(refused).toThrow('two of its steps have an unnamed input');
  });
});
