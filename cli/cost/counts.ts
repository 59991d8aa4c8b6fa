/**
 * What one request takes, and where each number comes from. `test/unit/cli/cost/counts.test.ts`,
 * `test/stack/counts.test.ts` and `test/contract/ledger/record.test.ts` count them again, so they cannot drift from the
 * code.
 */
export const COUNTS = {
  /** The host is called from inside the edge's own invocation. */
  edgeInvocationsPerRequest: 1,
  /** HTTP requests to Redis: the reservation before the host, the settlement after. */
  redisRequestsPerRequest: 2,
  /**
   * Commands as Upstash bills them, in a minute's first request of an account: a script and each command that it runs
   * (https://upstash.com/docs/redis/sdks/ratelimit-ts/costs counts EVAL, INCR and PEXPIRE as three).
   */
  redisCommandsPerRequest: 49,
  /** Both HTTP requests with their answers and headers, on a connection that is kept. */
  redisBytesPerRequest: 1_900,
  /** The sweep by cron, once a minute, when there is nothing to charge. */
  sweepsPerDay: 1_440,
  redisCommandsPerSweep: 3,
  redisBytesPerSweep: 600,
  /** The check for jobs to settle, in the same invocation, when there is none. */
  redisCommandsPerJobRun: 4,
  redisBytesPerJobRun: 600,
  /** The check of the streams' bounds, in the same invocation, when there is nothing to take off. */
  redisCommandsPerBoundsRun: 3,
  redisBytesPerBoundsRun: 600,
  /** An idle host's look for jobs of one model, every `hostLookSeconds`, by default. */
  hostLookSeconds: 30,
  redisCommandsPerLook: 5,
  redisBytesPerLook: 660,
  /** The drains of usage events and administrative acts, also in the same invocation, when there is nothing to move. */
  redisCommandsPerDrain: 9,
  redisBytesPerDrain: 3_500,
  /** What a batch of usage events adds to that. */
  eventsPerBatch: 500,
  redisCommandsPerBatch: 5,
  redisBytesPerEvent: 530,
  /** A row of the ledger with its share of the indexes. */
  ledgerBytesPerRequest: 430,
  /** Counters, month and leases of an account that was active today, by Redis's MEMORY USAGE. */
  redisStorageBytesPerAccount: 650,
  /** Its latest requests, and its sums of 93 days in each of which it asked one model. */
  redisStorageBytesPerHistory: 14_000,
  /** Counters of a minute in which an account asked, kept until a minute after it. */
  redisStorageBytesPerMinute: 250,
  minutesKept: 2,
  /** A reservation's record, which is kept for an hour, and its usage event, until it is drained. */
  redisStorageBytesPerRecentRequest: 1_000,
  /** Server-sent events of a streamed chat answer: the bytes that come once, and one event for each token. */
  edgeBytesPerAnswer: 1_300,
  edgeBytesPerToken: 240,
  /** The usage that the host adds to each event and the edge removes. */
  hostBytesMorePerToken: 100,
} as const

/**
 * CPU time of the edge in microseconds, from docs/benchmarks.md: for a whole answer, and for a stream of 64 chunks of
 * one token each that is read, as with several hosts behind the edge. That machine is about three times slower than a fast
 * one, so these are rather too high.
 */
export const EDGE_CPU = { answerMicros: 2_288, streamMicros: 9_967, streamChunks: 64 } as const

/** The host's throughput on 2 CPU cores with 16 requests at once, from docs/benchmarks.md. */
export const MEASURED_CPU = [
  { promptTokens: 64, outputTokens: 64, tokensPerSecond: 83.5 },
  { promptTokens: 256, outputTokens: 64, tokensPerSecond: 43.8 },
] as const

/** How many months the ledger's rows are kept. It is an assumption: nothing deletes them by itself. */
export const MONTHS_KEPT = 12
