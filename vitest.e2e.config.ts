import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const shared = {
  pool: 'forks',
  maxWorkers: 2,
  maxConcurrency: 8,
  testTimeout: 300_000,
  hookTimeout: 300_000,
} as const;

/**
 * Tests with the real AWS clients, against whatever AWS_ENDPOINT_URL points at: LocalStack, or nothing for an account. Those below
 * `deployed/` share one stack, which is deployed only when one of them runs.
 */
export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias: { refold: fileURLToPath(new URL('lib/index.ts', import.meta.url)) } },
        test: { ...shared, name: 'clients', include: ['test/e2e/**/*.e2e.ts'], exclude: ['test/e2e/deployed/**'] },
      },
      {
        resolve: { alias: { refold: fileURLToPath(new URL('lib/index.ts', import.meta.url)) } },
        test: {
          ...shared,
          name: 'deployed',
          include: ['test/e2e/deployed/*.e2e.ts'],
          globalSetup: ['test/e2e/harness/deploy-once.ts'],
        },
      },
    ],
  },
});
