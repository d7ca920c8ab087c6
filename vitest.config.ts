import { defineConfig } from 'vitest/config';

/** Tests run as tsc emitted them: real workers, child processes and modules load the same files as in production. */
export default defineConfig({
  test: {
    include: ['dist/test/**/*.test.js'],
    globalSetup: 'dist/test/harness/last-words.js',
    pool: 'forks',
    // Integration tests start servers and threads of their own; more processes than cores only make deadlines slip.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    // What is asked for again until it is so may take long on a machine that is busy.
    expect: { poll: { timeout: 10_000 } },
    // A promise that nobody waits for is a fault, wherever it fails.
    dangerouslyIgnoreUnhandledErrors: false,
    restoreMocks: true,
  },
});
