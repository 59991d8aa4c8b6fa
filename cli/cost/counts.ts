/**
 * What one request takes, and where each number comes from. `test/unit/cli/cost/counts.test.ts`,
 * `test/stack/counts.test.ts` and `test/contract/ledger/record.test.ts` count them anew, so they cannot drift from the code.
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
  redisCommandsPerRequest: 41,
  /** Both HTTP requests with their answers and headers, on a connection that is kept. */
  redisBytesPerRequest: 1_850,
  /** The sweep by cron, once a minute, when there is nothing to charge. */
  sweepsPerDay: 1_440,
  redisCommandsPerSweep: 3,
  redisBytesPerSweep: 600,
  /** The look for jobs to be settled, in the same invocation, when there is none. */
  redisCommandsPerJobRun: 4,
  redisBytesPerJobRun: 600,
  /** The drains of usage events and of administrative acts, in the same too, when there is nothing to move. */
  redisCommandsPerDrain: 9,
  redisBytesPerDrain: 4_300,
  /** What a batch of usage events takes beyond that. */
  eventsPerBatch: 500,
  redisCommandsPerBatch: 5,
  redisBytesPerEvent: 530,
  /** A row of the ledger with its share of the indexes. */
  ledgerBytesPerRequest: 430,
  /** Counters and leases of an account that was active today, as Redis's MEMORY USAGE tells. */
  redisStorageBytesPerAccount: 500,
  /** A reservation's record, which is kept for an hour, and its usage event, until it is drained. */
  redisStorageBytesPerRecentRequest: 1_300,
  /** Server-sent events of a streamed chat answer: what comes once, and one event a token. */
  edgeBytesPerAnswer: 1_300,
  edgeBytesPerToken: 240,
  /** The usage that the host adds to each event and the edge takes out. */
  hostBytesMorePerToken: 100,
} as const

/**
 * CPU time of the edge in microseconds, from docs/benchmarks.md: a whole answer, and the same as a stream of 64
 * chunks, one a token. That machine is about three times slower than a fast one, so these are rather too high.
 */
export const EDGE_CPU = { answerMicros: 2_288, streamMicros: 9_967, streamChunks: 64 } as const

/** The host's throughput on 2 CPU cores with 16 requests at once, from docs/benchmarks.md. */
export const MEASURED_CPU = [
  { promptTokens: 64, outputTokens: 64, tokensPerSecond: 83.5 },
  { promptTokens: 256, outputTokens: 64, tokensPerSecond: 43.8 },
] as const

/** How long the ledger's rows are kept: a setting, since nothing deletes them by itself. */
export const MONTHS_KEPT = 12
