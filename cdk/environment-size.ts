import { Token } from 'aws-cdk-lib';

/** Of Lambda: names and values together, in UTF-8. */
const ENVIRONMENT_BYTES_MAX = 4_096;
/** What stands for a name that only a deployment knows: no bucket's is longer. */
const NAME_LENGTH = 63;

/** @throws Error where Lambda would refuse the function, in the middle of a deployment */
export function checkEnvironmentSize(name: string, variables: Readonly<Record<string, string>>): void {
  const sizes = Object.entries(variables).map(([variable, value]) => ({ variable, bytes: bytesOf(variable) + bytesOf(value) }));
  const bytes = sizes.reduce((sum, each) => sum + each.bytes, 0);
  if (bytes <= ENVIRONMENT_BYTES_MAX) return;
  const [largest, second] = sizes.toSorted((left, right) => right.bytes - left.bytes);
  throw new Error(
    [
      `The environment of the function ${name} takes about ${bytes} bytes, and Lambda has room for ${ENVIRONMENT_BYTES_MAX}.`,
      `Most take ${largest!.variable} (${largest!.bytes})${second === undefined ? '' : ` and ${second.variable} (${second.bytes})`}:`,
      'give fewer locations, such as a folder in place of those below it, fewer triggers, or a second stack.',
    ].join(' '),
  );
}

function bytesOf(text: string): number {
  const rendered = Token.isUnresolved(text) ? text.replace(/\$\{Token\[[^\]]*\]\}/g, 'x'.repeat(NAME_LENGTH)) : text;
  return Buffer.byteLength(rendered);
}
