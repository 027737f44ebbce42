import { Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Statement } from './statement.ts';

/** Tells cdk-nag (AwsSolutions) why a finding of its stands, so that users' own checks stay clean. */
export function acknowledge(construct: Construct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason });
}

/** Every wildcard of a policy, each with the reason of its statement. */
export function acknowledgeWildcards(policy: Construct, statements: readonly Statement[]): void {
  const reasons = new Map<string, string>();
  for (const { resources, why } of statements) {
    for (const resource of resources.map((each) => spell(Stack.of(policy).resolve(each)))) {
      if (resource.includes('*')) reasons.set(resource, [...new Set([reasons.get(resource), why])].filter(Boolean).join(' '));
    }
  }
  for (const [resource, reason] of reasons) acknowledge(policy, `IAM5[Resource::${resource}]`, reason);
}

/** An ARN as cdk-nag spells it: `<Bucket.Arn>/jobs/*`. */
function spell(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = value as Readonly<Record<string, unknown>>;
  if (fields['Ref'] !== undefined) return `<${fields['Ref']}>`;
  if (fields['Fn::GetAtt'] !== undefined) return `<${(fields['Fn::GetAtt'] as string[]).join('.')}>`;
  if (fields['Fn::Join'] !== undefined) {
    const [separator, parts] = fields['Fn::Join'] as [string, unknown[]];
    return parts.map(spell).join(separator);
  }
  return JSON.stringify(value);
}
