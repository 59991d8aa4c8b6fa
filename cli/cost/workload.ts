import { COUNTS, EDGE_CPU, MONTHS_KEPT } from './counts.ts'
import type { Quantities } from './meters.ts'
import type { Container } from './price-book.ts'
import type { Speed } from './speed.ts'

export type Workload = {
  users: number
  /** Requests that a user makes a day. */
  requestsPerDay: number
  promptTokens: number
  outputTokens: number
  /** Tokens of the images in a prompt, besides, and seconds of audio. */
  imageTokens?: number
  audioSeconds?: number
  /** Seconds that an answer streams, during which the container cannot stop. */
  streamingSeconds: number
  /** Load of the busiest hour divided by the average load. Always-on containers are sized for it. */
  peak: number
  /** Minutes between two runs of the scheduled work: the edge's cron, or EDGE_SCHEDULE_SECONDS. */
  scheduleMinutes: number
  /** Seconds between two looks for jobs of an idle host: HOST_JOBS_POLL_SECONDS. */
  lookSeconds: number
}

/** Every month counts as 30 days, like Fly.io's month. */
const DAYS = 30
const MONTH_SECONDS = DAYS * 86_400

/** The most that a container is planned to be busy. Beyond it, queues grow faster than the load. */
export const BUSY_AT_MOST = 0.7

/** Containers in a month. */
export type Running = {
  /** Seconds that all containers run together. */
  seconds: number
  /** Containers in the busiest hour. */
  replicas: number
  /** Share of the requests that find no running container and wait for a start: 0 for always-on. */
  coldShare: number
}

/**
 * Whether a month of this workload can be counted exactly at `factor` times its users. Bytes are the largest numbers,
 * below 1,000 a token and 100,000 a request.
 */
export function isCountable({ users, requestsPerDay, outputTokens }: Workload, factor: number): boolean {
  const requests = Math.max(users * factor * requestsPerDay, 10_000_000) * DAYS
  return requests * (100_000 + outputTokens * 1000) < Number.MAX_SAFE_INTEGER
}

/** Requests a month. */
export function requestsOf({ users, requestsPerDay }: Workload): number {
  return Math.ceil(users * requestsPerDay * DAYS)
}

/** Seconds of compute that a request takes. An image's tokens take as long as others. */
export function secondsOf(
  { promptTokens, outputTokens, imageTokens = 0, audioSeconds = 0 }: Workload,
  speed: Speed,
): number {
  return (
    (promptTokens + imageTokens) * speed.promptSeconds +
    audioSeconds * (speed.audioSeconds ?? 0) +
    outputTokens * speed.outputSeconds
  )
}

/**
 * How long containers run in a month when requests come at random (Poisson) with `computeSeconds` of work each.
 *
 * Always on: as many containers as the busiest hour needs.
 *
 * Scaling to zero: each request keeps a container up while it streams and `idleSeconds` after it. That is a service
 * time T, as in an M/G/infinity queue, whose busy period lasts (e^(rT) - 1) / r at r requests a second (Takács 1962). A
 * start of S seconds goes before it and 1/r of silence after it. So a share 1 / (rS + e^(rT)) of the time, and of the
 * requests, finds nothing running. If the work alone needs more seconds, those count.
 */
export function runningOf(workload: Workload, speed: Speed, container: Container): Running {
  const perSecond = requestsOf(workload) / MONTH_SECONDS
  const load = (perSecond * secondsOf(workload, speed)) / BUSY_AT_MOST
  const replicas = Math.max(1, wholeUp(load * workload.peak))
  if (container.mode === 'always-on') return { seconds: replicas * MONTH_SECONDS, replicas, coldShare: 0 }
  const held = workload.streamingSeconds + container.idleSeconds
  const coldShare = 1 / (perSecond * container.startSeconds + Math.exp(perSecond * held))
  return { seconds: wholeUp(Math.max(1 - coldShare, load) * MONTH_SECONDS), replicas, coldShare }
}

/** Rounds up, but ignores the last digits of a float: 3.5 s * 2 / 0.7 is ten containers, not eleven. */
const wholeUp = (number: number) => Math.ceil(number * (1 - 1e-12))

/** A month's quantities of everything that may be billed. */
export function quantitiesOf(
  workload: Workload,
  { seconds, replicas }: Running,
  container: Container,
): Quantities {
  const requests = requestsOf(workload)
  const tokens = requests * workload.outputTokens
  const chunkMicros = (EDGE_CPU.streamMicros - EDGE_CPU.answerMicros) / EDGE_CPU.streamChunks
  const sweeps = Math.ceil((COUNTS.sweepsPerDay * DAYS) / workload.scheduleMinutes)
  // Events are moved as they come, so batches are rarely full.
  const batches = Math.min(requests, Math.max(sweeps, Math.ceil(requests / COUNTS.eventsPerBatch)))
  const edgeEgressBytes = requests * COUNTS.edgeBytesPerAnswer + tokens * COUNTS.edgeBytesPerToken
  // A host that is busy looks less often, so this is the most.
  const looks = Math.ceil(seconds / workload.lookSeconds)
  const perPeakHour = (requests * workload.peak) / (DAYS * 24)
  const redisCommands =
    requests * COUNTS.redisCommandsPerRequest +
    sweeps *
      (COUNTS.redisCommandsPerSweep +
        COUNTS.redisCommandsPerJobRun +
        COUNTS.redisCommandsPerDrain +
        COUNTS.redisCommandsPerBoundsRun) +
    looks * COUNTS.redisCommandsPerLook +
    batches * COUNTS.redisCommandsPerBatch
  const running = Object.entries(container.perSecond).map(([meter, quantity]) => [meter, quantity * seconds])
  return {
    edgeInvocations: requests * COUNTS.edgeInvocationsPerRequest + sweeps,
    edgeInvocationsPerDay: Math.ceil((requests * COUNTS.edgeInvocationsPerRequest + sweeps) / DAYS),
    edgeCpuMicrosPerRequest: Math.ceil(EDGE_CPU.answerMicros + workload.outputTokens * chunkMicros),
    edgeCpuMs: Math.ceil((requests * EDGE_CPU.answerMicros + tokens * chunkMicros) / 1000),
    redisCommands,
    redisCommandsPerSecond: Math.ceil((redisCommands * workload.peak) / MONTH_SECONDS),
    redisBytes:
      requests * (COUNTS.redisBytesPerRequest + COUNTS.redisBytesPerEvent) +
      sweeps *
        (COUNTS.redisBytesPerSweep +
          COUNTS.redisBytesPerJobRun +
          COUNTS.redisBytesPerDrain +
          COUNTS.redisBytesPerBoundsRun) +
      looks * COUNTS.redisBytesPerLook,
    redisStorageBytes: Math.ceil(
      workload.users * (COUNTS.redisStorageBytesPerAccount + COUNTS.redisStorageBytesPerHistory) +
        perPeakHour * COUNTS.redisStorageBytesPerRecentRequest +
        // At most one account a request has counters of each minute that is kept.
        (perPeakHour / 60) * COUNTS.minutesKept * COUNTS.redisStorageBytesPerMinute,
    ),
    databaseBytes: requests * COUNTS.ledgerBytesPerRequest * MONTHS_KEPT,
    containerRequests: requests,
    replicas,
    edgeEgressBytes,
    hostEgressBytes: edgeEgressBytes + tokens * COUNTS.hostBytesMorePerToken,
    ...Object.fromEntries(running),
  }
}
