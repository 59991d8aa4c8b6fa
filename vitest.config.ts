import { defineConfig } from 'vitest/config'

const SLOW = 'test/unit/**/*.slow.test.ts'

export default defineConfig({
  test: {
    reporters: ['default', './test/faults/closing-table.ts', './test/closing-line.ts'],
    projects: [
      {
        // Quick, so they share their processes; what takes seconds by itself is called *.slow.test.ts.
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: [SLOW],
          isolate: false,
          // The slowest computes for a second; a busy machine makes fifteen of it.
          testTimeout: 30_000,
        },
      },
      {
        // Real Redis, real models: one file at a time, two cores are soon busy.
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts', SLOW],
          fileParallelism: false,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'host',
          include: ['test/host/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // Every fault on real parts; ends with a table of what became of each.
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          globalSetup: ['test/faults/setup.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // `npm start` itself, as a user types it.
        test: {
          name: 'start',
          include: ['test/start/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
      {
        // The whole stack as `npm start` runs it, in workerd.
        test: {
          name: 'stack',
          include: ['test/stack/**/*.test.ts'],
          globalSetup: ['test/stack/running-stack.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
