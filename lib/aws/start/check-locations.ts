import { isListLocation } from '../s3/listed-input-store.ts';
import { checkAllowed, checkOverlap, formatS3Location, isWithin, parseS3Location } from '../s3/location.ts';
import type { Deployment } from '../stack/stack-outputs.ts';

/** Holds a job's locations against the stack's and one another. @throws LocationNotAllowedError, OutputOverlapError, InvalidOptionError */
export function checkLocations(
  { inputs: allowedInputs, outputs: allowedOutputs, settings }: Pick<Deployment, 'inputs' | 'outputs' | 'settings'>,
  inputs: readonly string[],
  output: string,
): void {
  for (const input of inputs) if (!isListLocation(input)) checkAllowed('input', input, allowedInputs);
  checkAllowed('output', output, allowedOutputs);
  checkOverlap({ inputs, output, workArea: { bucket: settings.workBucket, key: settings.workPrefix } });
}

/** The places of the stack that an output lies in, nearest first: nothing above them may be looked at. @param output in one spelling */
export function ancestorsOf({ outputs }: Pick<Deployment, 'outputs'>, output: string): readonly string[] {
  const { bucket, key } = parseS3Location(output);
  const end = key.lastIndexOf('/');
  if (end <= 0) return [];
  const parent = formatS3Location({ bucket, key: key.slice(0, end) });
  return isWithin(parent, outputs) ? [parent, ...ancestorsOf({ outputs }, parent)] : [];
}
