import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatIamPage } from '../../scripts/iam-table.ts';

it('docs/iam.md is current: npm run docs:iam', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/iam.md'), 'utf8')).toBe(formatIamPage());
});
