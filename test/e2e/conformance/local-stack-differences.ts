/** Cases that LocalStack ends otherwise than AWS documents, each with the reason. On AWS itself there are none. */
export const localStackDifferences: Readonly<Record<string, string>> = {
  'fails when no choice holds and there is no Default':
    'LocalStack ends with States.Runtime; AWS has the name States.NoChoiceMatched for it.',
  'inline map: a choice without a match inside can be caught outside':
    'LocalStack ends with States.Runtime, which nothing catches; AWS has the name States.NoChoiceMatched for it.',
  'fails when a variable is missing':
    'LocalStack takes the Default; AWS says that the execution fails if the input does not hold the field of Variable.',
  'inline map: fails when its items are no array':
    'LocalStack gives States.QueryEvaluationError, a name of JSONata; AWS says that ItemsPath must point to an array, and has States.Runtime for paths that fail.',
  'template: formats': "LocalStack ends a string at an escaped apostrophe; AWS lists \\' among the escapes.",
  'template: makes arrays': 'LocalStack drops a null among the arguments; the Amazon States Language lists null as an argument.',
  'template: a function that cannot do its work can be caught':
    'LocalStack ends with States.Runtime; AWS has the name States.IntrinsicFailure for it.',
};
