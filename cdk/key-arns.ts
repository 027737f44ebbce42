import { Token } from 'aws-cdk-lib';
import { isKeyArn } from '../lib/aws/stack/key-arn.ts';

/** @throws Error for what is no ARN of a key, as an alias is none */
export function checkKeys(arns: readonly string[]): readonly string[] {
  for (const arn of arns) {
    if (Token.isUnresolved(arn) || isKeyArn(arn)) continue;
    throw new Error(`${arn} is no ARN of a key: write arn:aws:kms:REGION:ACCOUNT:key/ID. Of an alias, name the key behind it.`);
  }
  return arns;
}
