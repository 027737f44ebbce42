import { count, csv, defineJob, fixed, hash, identity, input, jsonl, lines, pairs, range, sum, text, top, tsv } from 'refold';
import { describe, expect, it } from 'vitest';
import { checkDefinition, InvalidJobError } from '../../lib/job/check-definition.ts';
import { nearest } from '../../lib/record/nearest.ts';

const map = () => {};
const reduce = () => {};
const first = defineJob({ map });

function refusalOf(definition: unknown): InvalidJobError {
  try {
    checkDefinition(definition as object);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidJobError);
    return error as InvalidJobError;
  }
  throw new Error('it was taken');
}

describe('a reader or a writer', () => {
  it.each([
    { made: () => lines({ encodng: 'latin1' } as never), problem: 'lines(): encodng', meant: 'encoding' },
    { made: () => csv({ delimeter: ';' } as never), problem: 'csv(): delimeter', meant: 'delimiter' },
    { made: () => jsonl({ compres: 'gzip' } as never), problem: 'jsonl(): compres', meant: 'compress' },
    { made: () => fixed(4, { zip: true } as never), problem: 'fixed(): zip', meant: 'compress' },
    { made: () => tsv({ compression: 'gzip' } as never), problem: 'tsv(): compression', meant: 'compress' },
    { made: () => text({ gzip: true } as never), problem: 'text(): gzip', meant: 'compress' },
  ])('refuses an option that it does not know: $problem', ({ made, problem, meant }) => {
    expect(made).toThrow(
      expect.objectContaining({
        message: `${problem} is not one of its options.`,
        hint: expect.stringContaining(`Did you mean ${meant}?`),
      }),
    );
  });
});

describe('checkDefinition', () => {
  it.each([
    { name: 'a map alone', definition: { map } },
    {
      name: 'every field',
      definition: {
        name: 'n',
        input: lines(),
        map,
        combine: sum(),
        reduce: sum(),
        groupBy: 1,
        partition: range(),
        setup: map,
        cleanup: map,
        output: tsv(),
        params: { a: 1 },
      },
    },
    { name: 'named inputs', definition: { inputs: { visits: input(csv(), map), first: input(pairs(first), map) }, reduce } },
    { name: 'functions in every place', definition: { map, combine: reduce, reduce } },
    { name: 'built-in combiners in every place', definition: { map, combine: count(), reduce: top(3) } },
    { name: 'identity', definition: { map, reduce: identity(), partition: hash() } },
    { name: 'pairs without a map', definition: { input: pairs(defineJob({ map })), reduce } },
    { name: 'named pairs without a map', definition: { inputs: { a: input(pairs(defineJob({ map }))) }, reduce } },
    { name: 'options beside the fields', definition: { map, splitBytes: 1, workers: 2, maxAttempts: 1 } },
    { name: 'a format as the writer', definition: { map, output: csv() } },
    {
      name: 'fields that are undefined',
      definition: { map, input: undefined, combine: undefined, reduce: undefined, groupBy: undefined },
    },
  ])('takes $name', ({ definition }) => {
    checkDefinition(definition);
  });

  it.each([
    { name: 'nothing', definition: undefined, reason: 'defineJob takes an object' },
    { name: 'null', definition: null, reason: 'defineJob takes an object' },
    { name: 'a function', definition: map, reason: 'defineJob takes an object' },
    { name: 'no map', definition: {}, reason: 'map must be a function' },
    { name: 'no map of lines', definition: { input: lines(), reduce }, reason: 'map must be a function' },
    {
      name: 'no map of named lines',
      definition: { inputs: { a: input(lines() as never) } },
      reason: 'inputs.a must be input(reader, map)',
    },
    { name: 'a map that is none', definition: { map: 'x' }, reason: 'map must be a function' },
    {
      name: 'inputs beside a map',
      definition: { map, inputs: { a: input(lines(), map) } },
      reason: 'inputs stands in place of input and map',
    },
    {
      name: 'inputs beside an input',
      definition: { input: lines(), inputs: { a: input(lines(), map) } },
      reason: 'inputs stands in place of input and map',
    },
    { name: 'no named input', definition: { inputs: {} }, reason: 'inputs must name at least one input' },
    { name: 'inputs that are no object', definition: { inputs: 'a' }, reason: 'inputs must name at least one input' },
    { name: 'inputs that are null', definition: { inputs: null }, reason: 'inputs must name at least one input' },
    {
      name: 'a named input without a map',
      definition: { inputs: { a: { reader: lines() } } },
      reason: 'inputs.a must be input(reader, map)',
    },
    {
      name: 'a named input without a reader',
      definition: { inputs: { a: { map } } },
      reason: 'inputs.a must be input(reader, map)',
    },
    { name: 'a reader as a named input', definition: { inputs: { a: lines() } }, reason: 'inputs.a must be input(reader, map)' },
    {
      name: 'null as a named input',
      definition: { inputs: { a: input(lines(), map), b: null } },
      reason: 'inputs.b must be input(reader, map)',
    },
    {
      name: 'a reader that was not called',
      definition: { input: lines, map },
      reason: 'input must be a reader, such as lines()',
    },
    { name: 'a path for a reader', definition: { input: 'in.txt', map }, reason: 'input must be a reader, such as lines()' },
    {
      name: 'a name for a combiner',
      definition: { map, combine: 'sum', reduce },
      reason: 'combine must be a function or a built-in combiner, such as sum()',
    },
    {
      name: 'identity as a combiner',
      definition: { map, combine: identity(), reduce },
      reason: 'combine must be a function or a built-in combiner, such as sum()',
    },
    { name: 'a combiner without a reduce', definition: { map, combine: sum() }, reason: 'combine needs a reduce' },
    {
      name: 'a reduce that is none',
      definition: { map, reduce: 7 },
      reason: 'reduce must be a function, a built-in combiner or identity()',
    },
    { name: 'a setup that is none', definition: { map, setup: 7 }, reason: 'setup must be a function' },
    { name: 'a cleanup that is none', definition: { map, cleanup: 7 }, reason: 'cleanup must be a function' },
    { name: 'a path for a writer', definition: { map, output: 'out' }, reason: 'output must be a writer, such as tsv()' },
    { name: 'a reader for a writer', definition: { map, output: lines() }, reason: 'output must be a writer, such as tsv()' },
    { name: 'a name for a partitioner', definition: { map, partition: 'range' }, reason: 'partition must be hash() or range()' },
    { name: 'a name that is none', definition: { map, name: 7 }, reason: 'name must be a text' },
    { name: 'an empty name', definition: { map, name: '' }, reason: 'name must be a text' },
    { name: 'params that are none', definition: { map, params: ['a'] }, reason: 'params must be an object of defaults' },
    {
      name: 'a param without a default',
      definition: { map, params: { words: undefined } },
      reason: 'the param words must have a string, a number or a boolean for its default',
    },
    { name: 'groupBy 0', definition: { map, reduce, groupBy: 0 }, reason: 'groupBy must be a whole number from 1' },
    { name: 'groupBy 1.5', definition: { map, reduce, groupBy: 1.5 }, reason: 'groupBy must be a whole number from 1' },
    { name: 'groupBy "1"', definition: { map, reduce, groupBy: '1' }, reason: 'groupBy must be a whole number from 1' },
  ])('refuses $name', ({ definition, reason }) => {
    expect(refusalOf(definition).values).toEqual({ reason });
  });

  it.each([
    ['reducer', 'reduce'],
    ['combiner', 'combine'],
    ['mapper', 'map'],
    ['group_by', 'groupBy'],
    ['splitbytes', 'splitBytes'],
    ['maxAttempt', 'maxAttempts'],
    ['param', 'params'],
  ])('names the nearest field for %s', (field, known) => {
    const error = refusalOf({ map, [field]: 1 });
    expect(error.message).toBe(`This is no valid job: ${field} is not a field of a job.`);
    expect(error.hint).toBe(`Did you mean ${known}?`);
  });

  it('is what defineJob does first', () => {
    expect(() => defineJob({ map, reducer: sum() } as unknown as { map: () => void })).toThrow('reducer is not a field of a job');
  });
});

describe('nearest', () => {
  it('answers the name that is the fewest edits away, the earlier of two', () => {
    expect(nearest('mat', ['reduce', 'map', 'max'])).toBe('map');
    expect(nearest('map', ['max', 'map'])).toBe('map');
    expect(nearest('x', [])).toBe('');
  });
});
