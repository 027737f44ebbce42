import type { ChoiceTest, Json } from '../../../lib/coordinator/states.ts';
import { give, type MachineCase, machine } from './machine-case.ts';

/** Answers whether the test holds for the input. */
function holds(title: string, test: ChoiceTest, input: Json, expected: boolean): MachineCase {
  return {
    title: `choice: ${title}`,
    definition: machine({
      Choose: { Type: 'Choice', Choices: [{ ...test, Next: 'Yes' }], Default: 'No' },
      Yes: give(true),
      No: give(false),
    }),
    input,
    outcome: { output: expected },
  };
}

const isA: ChoiceTest = { Variable: '$.a', StringEquals: 'A' };
const isB: ChoiceTest = { Variable: '$.b', StringEquals: 'B' };

export const choiceCases: readonly MachineCase[] = [
  {
    title: 'takes the first choice that holds',
    definition: machine({
      Choose: {
        Type: 'Choice',
        Choices: [
          { Variable: '$.n', NumericEquals: 2, Next: 'Two' },
          { Variable: '$.n', NumericGreaterThan: 0, Next: 'Positive' },
          { Variable: '$.n', NumericLessThan: 9, Next: 'Small' },
        ],
      },
      Two: give('two'),
      Positive: give('positive'),
      Small: give('small'),
    }),
    input: { n: 1 },
    outcome: { output: 'positive' },
  },
  {
    title: 'passes its input on unchanged',
    definition: machine({
      Choose: { Type: 'Choice', Choices: [{ ...isA, Next: 'End' }] },
      End: { Type: 'Succeed' },
    }),
    input: { a: 'A', n: 1 },
    outcome: { output: { a: 'A', n: 1 } },
  },
  {
    title: 'fails when no choice holds and there is no Default',
    definition: machine({
      Choose: { Type: 'Choice', Choices: [{ ...isA, Next: 'End' }] },
      End: { Type: 'Succeed' },
    }),
    input: { a: 'B' },
    outcome: { error: 'States.NoChoiceMatched' },
  },
  {
    title: 'fails when a variable is missing',
    definition: machine({
      Choose: { Type: 'Choice', Choices: [{ ...isA, Next: 'End' }], Default: 'End' },
      End: { Type: 'Succeed' },
    }),
    outcome: { error: 'States.Runtime' },
  },
  holds('strings are equal or not', isA, { a: 'A' }, true),
  holds('strings keep their case', isA, { a: 'a' }, false),
  holds('a number equals no string', isA, { a: 1 }, false),
  holds('booleans are equal', { Variable: '$.a', BooleanEquals: false }, { a: false }, true),
  holds('a string equals no boolean', { Variable: '$.a', BooleanEquals: true }, { a: 'true' }, false),
  holds('numbers are equal whatever their notation', { Variable: '$.a', NumericEquals: 1 }, { a: 1.0 }, true),
  holds('less is not equal', { Variable: '$.a', NumericLessThan: 1 }, { a: 1 }, false),
  holds('at most is also equal', { Variable: '$.a', NumericLessThanEquals: 1 }, { a: 1 }, true),
  holds('more is not equal', { Variable: '$.a', NumericGreaterThan: 1 }, { a: 1 }, false),
  holds('at least is also equal', { Variable: '$.a', NumericGreaterThanEquals: 1 }, { a: 1 }, true),
  holds('a string is not less than a number', { Variable: '$.a', NumericLessThan: 1 }, { a: '0' }, false),
  holds('null is not less than a number', { Variable: '$.a', NumericLessThan: 1 }, { a: null }, false),
  holds('null is present', { Variable: '$.a', IsPresent: true }, { a: null }, true),
  holds('nothing is not present', { Variable: '$.a.b', IsPresent: true }, {}, false),
  holds('nothing is absent', { Variable: '$.a', IsPresent: false }, {}, true),
  holds('null is null', { Variable: '$.a', IsNull: true }, { a: null }, true),
  holds('0 is not null', { Variable: '$.a', IsNull: false }, { a: 0 }, true),
  holds('And needs all', { And: [isA, isB] }, { a: 'A', b: 'C' }, false),
  holds('And holds with all', { And: [isA, isB] }, { a: 'A', b: 'B' }, true),
  holds('And stops at what does not hold', { And: [{ Variable: '$.a', IsPresent: true }, isA] }, {}, false),
  holds('Or needs one', { Or: [isA, isB] }, { a: 'C', b: 'B' }, true),
  holds('Or without any', { Or: [isA, isB] }, { a: 'C', b: 'C' }, false),
  holds('Not turns round', { Not: { Or: [isA, { Not: isB }] } }, { a: 'C', b: 'B' }, true),
];
