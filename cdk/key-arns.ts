import { Token } from 'aws-cdk-lib';

/** Policies know keys, and not their aliases. @throws Error for what is no ARN of a key */
export function checkKeys(arns: readonly string[]): readonly string[] {
  for (const arn of arns) {
    if (Token.isUnresolved(arn) || /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/.test(arn)) continue;
    throw new Error(`${arn} is no ARN of a key: write arn:aws:kms:REGION:ACCOUNT:key/ID. Of an alias, name the key behind it.`);
  }
  return arns;
}
