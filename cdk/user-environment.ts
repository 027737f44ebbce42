import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';

/** Names that refold, Powertools and Lambda itself use. */
const TAKEN = /^(?:REFOLD_|POWERTOOLS_|AWS_|LAMBDA_)/;

/** User code's variables: its own, and the ARNs of its secrets. @throws Error for a name that is taken */
export function checkUserEnvironment(
  environment: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, ISecret>>,
): Readonly<Record<string, string>> {
  const arns = Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, secret.secretArn]));
  for (const name of Object.keys(arns)) {
    if (Object.hasOwn(environment, name)) throw new Error(`${name} is a variable of the environment and of a secret.`);
  }
  const variables = { ...environment, ...arns };
  for (const name of Object.keys(variables)) {
    if (TAKEN.test(name)) throw new Error(`The environment variable ${name} is taken: choose a name that begins otherwise.`);
  }
  return variables;
}
