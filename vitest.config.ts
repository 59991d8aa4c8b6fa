import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LongestFirst, TURNS } from './test/longest-first.ts'

const SLOW = 'test/unit/**/*.slow.test.ts'
const LEDGER = 'test/contract/ledger/**/*.test.ts'
/** Three at least: most files wait for processes that they start, and leave a core to another meanwhile. */
const WORKERS = Math.max(3, availableParallelism() - 1)

/**
 * How often a test of real processes is tried again: never, but where a whole run is not to end by one race (`.ci/run`). What
 * passed only then is named in the closing line, as a defect that is to be found.
 */
const RETRY = Number(process.env.TWOHOP_RETRY ?? 0)

/** For projects whose files need nothing of each other. */
const SIDE_BY_SIDE = { maxWorkers: WORKERS, sequence: { groupOrder: 1 } }

/**
 * For projects whose tests count what a stack of their own does: files of one take turns, and two of different ones run side by
 * side.
 */
const TAKES_TURNS = {
  setupFiles: ['test/own-turn.ts'],
  maxWorkers: TURNS.maxWorkers,
  sequence: { groupOrder: TURNS.groupOrder },
}

/**
 * For projects whose tests wait for real processes. These times (ms) are when something hangs, and nothing that a test asks for: a
 * machine that computes something else takes ten times as long as a quiet one.
 */
const OF_PROCESSES = {
  retry: RETRY,
  expect: { poll: { timeout: 60_000 } },
  testTimeout: 180_000,
  hookTimeout: 180_000,
}

/** As long as 100,000 requests take, which `TWOHOP_FUZZ_REQUESTS` may ask for. */
const FUZZ_MS = 3 * 3_600_000

/** Tests start some two hundred processes of Node, and half of what each takes to start is to compile the same sources. */
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '.local/compile-cache')

export default defineConfig({
  test: {
    // Tests make sessions of onnxruntime themselves; it must not tell its maker (inference-host/platform/no-telemetry.ts).
    env: { ORT_DISABLE_TELEMETRY: '1' },
    reporters: [
      'default',
      './test/faults/closing-table.ts',
      './test/conformance/closing-table.ts',
      './test/clients/closing-table.ts',
      './test/attack/closing-table.ts',
      './test/fuzz/closing-table.ts',
      './test/slowest-files.ts',
      './test/closing-line.ts',
    ],
    // What the projects' tests find running.
    globalSetup: ['test/setup.ts'],
    sequence: { sequencer: LongestFirst },
    // Projects of one group run side by side, the groups one after the other.
    projects: [
      {
        // Quick, so they share their processes; what takes seconds by itself is called *.slow.test.ts.
        test: {
          name: 'unit',
          expect: { poll: { timeout: 20_000 } },
          include: ['test/unit/**/*.test.ts'],
          exclude: [SLOW],
          isolate: false,
          // The slowest computes for five seconds; a machine that computes something else makes fifteen times as much of it.
          testTimeout: 90_000,
          hookTimeout: 90_000,
          ...SIDE_BY_SIDE,
        },
      },
      {
        // Real Redis, real Postgres, real models.
        test: {
          name: 'contract',
          ...OF_PROCESSES,
          include: ['test/contract/**/*.test.ts', SLOW],
          exclude: [LEDGER],
          isolate: false,
          ...SIDE_BY_SIDE,
        },
      },
      {
        // On a Postgres of each kind that all files of a process share.
        test: {
          name: 'ledger',
          ...OF_PROCESSES,
          include: [LEDGER],
          isolate: false,
          ...SIDE_BY_SIDE,
        },
      },
      {
        // Whole hosts, whose models compute on every core.
        test: {
          name: 'host',
          ...OF_PROCESSES,
          // To prepare and compare real weights takes a quiet machine a minute.
          testTimeout: 600_000,
          include: ['test/host/**/*.test.ts'],
          ...SIDE_BY_SIDE,
        },
      },
      {
        // `npm start` itself, as a user types it.
        test: {
          name: 'start',
          ...OF_PROCESSES,
          include: ['test/start/**/*.test.ts'],
          ...SIDE_BY_SIDE,
        },
      },
      {
        // Every fault on real parts, which each file has for itself but for a host. Ends with a table of what became of each.
        test: {
          name: 'faults',
          ...OF_PROCESSES,
          include: ['test/faults/**/*.test.ts'],
          ...SIDE_BY_SIDE,
        },
      },
      {
        // The edge on every runtime, before the same parts. Ends with a table of what each did.
        test: {
          name: 'conformance',
          ...OF_PROCESSES,
          include: ['test/conformance/**/*.test.ts'],
          ...TAKES_TURNS,
        },
      },
      {
        // Clients that nobody here wrote, unmodified, before one stack. Ends with a table of what each can do.
        test: {
          name: 'clients',
          ...OF_PROCESSES,
          include: ['test/clients/*.test.ts'],
          ...TAKES_TURNS,
        },
      },
      {
        // Vendors' own packages, which read a fake of their vendor by itself and through the edge.
        test: {
          name: 'upstreams',
          ...OF_PROCESSES,
          include: ['test/clients/upstreams/*.test.ts'],
          ...SIDE_BY_SIDE,
        },
      },
      {
        // The whole stack as `npm start` runs it, in workerd. Tests count what it does, so they take turns.
        test: {
          name: 'stack',
          ...OF_PROCESSES,
          include: ['test/stack/**/*.test.ts'],
          ...TAKES_TURNS,
        },
      },
      {
        // The dashboard in a real Chromium, on a stack of its own.
        test: {
          name: 'dashboard',
          ...OF_PROCESSES,
          include: ['test/dashboard/**/*.test.ts'],
          ...TAKES_TURNS,
        },
      },
      {
        // Attacks on a whole stack, each refused as it states, for nothing. Ends with a table of kinds.
        test: {
          name: 'attack',
          ...OF_PROCESSES,
          include: ['test/attack/**/*.test.ts'],
          ...TAKES_TURNS,
        },
      },
      {
        // Requests made from the schemas, and readers of streams and JSON. Ends with a table of what was answered.
        test: {
          name: 'fuzz',
          ...OF_PROCESSES,
          retry: 0,
          include: ['test/fuzz/**/*.test.ts'],
          ...TAKES_TURNS,
          testTimeout: FUZZ_MS,
        },
      },
      {
        // The example extension in a real Chromium and a real Firefox, on a stack of its own.
        test: {
          name: 'extension',
          ...OF_PROCESSES,
          include: ['test/extension/**/*.test.ts'],
          ...TAKES_TURNS,
        },
      },
    ],
  },
})
