// Test projects: architecture (no GPU, seconds), unit (no GPU), gpu (Dawn in Node), browser (puppeteer).
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'architecture', include: ['test/architecture.test.ts'] } },
      {
        test: {
          name: 'unit',
          include: ['test/{plan,data,theory,model,lab,ui,worker,cli}/**/*.test.ts'],
        },
      },
      { test: { name: 'gpu', include: ['test/{kernels,runtime,gpu}/**/*.test.ts'], testTimeout: 120_000 } },
      { test: { name: 'browser', include: ['test/e2e/**/*.test.ts'], testTimeout: 180_000 } },
    ],
  },
});
