import { totalmem } from 'node:os'
import type { Config } from '../config.ts'
import { query } from '../metrics/device-memory.ts'
import type { Bytes } from './bytes.ts'

/** The models' part of the machine's memory. The rest is for the HTTP process, requests and the system's file cache. */
const PART_FOR_MODELS = 0.8
/**
 * The models' part of a card's memory. Drivers keep some of it, and a card that is full fails in the middle of a
 * request.
 */
const PART_OF_DEVICE = 0.9

type Machine = {
  /** Bytes of memory of the machine. */
  total: () => number
  /** Bytes that the container may have; 0, or more than the machine has, where nothing limits it. */
  constrained: () => number
  /** Bytes of the first accelerator; undefined where that is not known. */
  device: () => Promise<number | undefined>
}

const THIS: Machine = {
  total: totalmem,
  // libuv reads the limit of the process's cgroup, version 1 or 2.
  constrained: () => process.constrainedMemory(),
  device: async () => (await query('nvidia-smi'))?.total,
}

/**
 * The memory that all models together may take: as configured, else four fifths of what the container or machine has,
 * and nine tenths of what the card has. A card of unknown memory counts as endless.
 */
export async function memoryBudget(
  config: Pick<Config, 'HOST_MEMORY_MB' | 'HOST_DEVICE_MEMORY_MB'>,
  machine: Machine = THIS,
): Promise<Bytes> {
  const limit = Math.min(machine.total(), machine.constrained() || Number.POSITIVE_INFINITY)
  const device = async () => ((await machine.device()) ?? Number.POSITIVE_INFINITY) * PART_OF_DEVICE
  return {
    host: config.HOST_MEMORY_MB * 2 ** 20 || Math.floor(limit * PART_FOR_MODELS),
    device: config.HOST_DEVICE_MEMORY_MB * 2 ** 20 || (await device()),
  }
}
