import { existsSync } from 'node:fs';
import type { LocalRequest } from '../../local/job/request.ts';
import { isS3Location } from '../../node/s3-location.ts';
import type { Flag } from './command.ts';
import { OPTION_FLAGS, readOptions } from './option-flags.ts';
import type { GivenArguments } from './parse-arguments.ts';
import { parseCount } from './quantity.ts';
import { UsageError } from './usage-error.ts';

/** What names a job: shared by run and plan, so that they mean the same one. */
export const JOB_FLAGS: readonly Flag[] = [
  {
    name: 'input',
    value: '[NAME=]PATH',
    repeats: true,
    summary: 'a file, a folder, a quoted glob, s3://…, or - for standard input',
  },
  { name: 'output', value: 'FOLDER', summary: 'where the parts go; without it they go to standard output' },
  { name: 'param', value: 'NAME=VALUE', repeats: true, summary: 'a param of the job' },
  { name: 'limit', value: 'N', summary: 'only the first n records of each input, to try a job' },
  { name: 'new', summary: 'a job of its own, whatever was run before' },
  ...OPTION_FLAGS,
];

/** @throws UsageError, InvalidOptionError */
export function readRequest(given: GivenArguments): LocalRequest {
  const output = given.text('output');
  const limit = given.text('limit');
  if (output === '') throw new UsageError({ problem: '--output is empty.', hint: 'Give a folder, or leave --output out.' });
  return {
    jobFile: given.operand ?? '',
    inputs: readInputs(given.all('input')),
    ...(output === undefined ? {} : { output }),
    ...(limit === undefined ? {} : { limit: readLimit(limit) }),
    params: Object.fromEntries(given.all('param').map(readParam)),
    options: readOptions(given),
    overwrite: given.has('overwrite'),
    isNew: given.has('new'),
  };
}

/** A job that runs on this machine writes there. @throws UsageError */
export function checkLocalOutput({ output }: LocalRequest): void {
  if (output === undefined || !isS3Location(output)) return;
  const hint = 'Give a folder and copy it (aws s3 cp --recursive), or run the job on AWS: refold submit.';
  throw new UsageError({ problem: `The output ${output} is on S3, and this job runs on this machine.`, hint });
}

function readLimit(text: string): number {
  const limit = parseCount('limit', text);
  if (limit > 0) return limit;
  throw new UsageError({ problem: '--limit 0 leaves nothing to run over.', hint: 'Give a number from 1.' });
}

/** Locations by name; none given is standard input. */
export function readInputs(texts: readonly string[], exists: (path: string) => boolean = existsSync): Record<string, string> {
  const inputs: Record<string, string> = {};
  for (const text of texts.length === 0 ? ['-'] : texts) {
    const { name, location } = splitInput(text, exists);
    if (location === '') {
      const problem = name === '' ? '--input is empty.' : `--input ${text} names nothing.`;
      throw new UsageError({ problem, hint: 'Give a path, or - for standard input.' });
    }
    if (Object.hasOwn(inputs, name)) throw givenTwice(name);
    inputs[name] = location;
  }
  if (Object.values(inputs).filter((location) => location === '-').length > 1) {
    throw new UsageError({ problem: 'Standard input can be only one of the inputs.', hint: 'Give the others as files.' });
  }
  return inputs;
}

/** `visits=logs` is the input visits, unless there is a file of that whole name. */
function splitInput(text: string, exists: (path: string) => boolean): { readonly name: string; readonly location: string } {
  const match = /^([\p{L}_$][\p{L}\p{N}_$]*)=(.*)$/su.exec(text);
  if (match === null || exists(text)) return { name: '', location: text };
  return { name: match[1]!, location: match[2]! };
}

function givenTwice(name: string): UsageError {
  if (name !== '')
    return new UsageError({ problem: `The input ${name} is given twice.`, hint: 'Give a folder or a quoted glob.' });
  return new UsageError({
    problem: 'A job has one unnamed input, and --input gives more.',
    hint: "Give a folder or a quoted glob, such as --input 'logs/*.gz', or name the inputs as the job does: --input visits=logs.",
  });
}

function readParam(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new UsageError({ problem: `--param ${text} has no value.`, hint: 'Write --param NAME=VALUE.' });
}
