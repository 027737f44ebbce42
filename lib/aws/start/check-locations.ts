import { isListLocation } from '../s3/listed-input-store.ts';
import { checkAllowed, checkOverlap } from '../s3/location.ts';
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
