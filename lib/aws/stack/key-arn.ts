/** Is it the ARN of a KMS key? Policies know keys, and not their aliases. */
export function isKeyArn(text: string): boolean {
  return /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/.test(text);
}
