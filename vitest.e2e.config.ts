import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests with the real AWS clients, against whatever AWS_ENDPOINT_URL points at: LocalStack, or nothing for an account. */
export default defineConfig({
  resolve: { alias: { refold: fileURLToPath(new URL('lib/index.ts', import.meta.url)) } },
  test: {
    include: ['test/e2e/**/*.e2e.ts'],
    pool: 'forks',
    maxWorkers: 2,
    maxConcurrency: 8,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
