/**
 * What providers count in a month: the part of the bill, and a name for people. Quantities are whole numbers of the
 * unit in the key. GB is 10^9 bytes, GiB 2^30.
 */
export const METERS = {
  edgeInvocations: { part: 'edge', name: 'invocations' },
  edgeCpuMs: { part: 'edge', name: 'CPU-ms' },
  /** On an average day. Nobody bills them, but free plans are capped by them. */
  edgeInvocationsPerDay: { part: 'edge', name: 'invocations a day' },
  /** Of a streamed answer: the same. */
  edgeCpuMicrosPerRequest: { part: 'edge', name: 'CPU-µs a request' },
  redisCommands: { part: 'redis', name: 'commands' },
  redisBytes: { part: 'redis', name: 'bytes moved' },
  redisStorageBytes: { part: 'redis', name: 'bytes kept' },
  /** In the busiest hour. Nobody bills it, but plans are capped by it. */
  redisCommandsPerSecond: { part: 'redis', name: 'commands a second' },
  databaseBytes: { part: 'database', name: 'bytes kept' },
  machineSeconds: { part: 'container', name: 'machine-seconds' },
  gpuSeconds: { part: 'container', name: 'GPU-seconds' },
  coreSeconds: { part: 'container', name: 'core-seconds' },
  vcpuSeconds: { part: 'container', name: 'vCPU-seconds' },
  gibSeconds: { part: 'container', name: 'memory GiB-seconds' },
  diskGbSeconds: { part: 'container', name: 'disk GB-seconds' },
  /** Memory of the small object in front of each container, where a platform has one. */
  controllerMbSeconds: { part: 'container', name: 'controller MB-seconds' },
  containerRequests: { part: 'container', name: 'requests' },
  /** Containers in the busiest hour. Nobody bills them, but plans are capped by them. */
  replicas: { part: 'container', name: 'containers' },
  edgeEgressBytes: { part: 'egress', name: 'bytes from the edge' },
  hostEgressBytes: { part: 'egress', name: 'bytes from the host' },
} as const

export type Meter = keyof typeof METERS
export type Part = (typeof METERS)[Meter]['part']

export const METER_NAMES = Object.keys(METERS) as [Meter, ...Meter[]]
export const PARTS = ['edge', 'redis', 'database', 'container', 'egress'] as const satisfies readonly Part[]

/** A month's quantity of every meter; one that is missing is 0. */
export type Quantities = Partial<Record<Meter, number>>
