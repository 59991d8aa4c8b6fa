/** Memory in bytes: the machine's own, and that of an accelerator. */
export type Bytes = { host: number; device: number }

export const NONE: Bytes = { host: 0, device: 0 }

export function sum(all: Iterable<Bytes>): Bytes {
  const total = { ...NONE }
  for (const { host, device } of all) {
    total.host += host
    total.device += device
  }
  return total
}

/** Whether `wanted` fits beside `used` within `budget`. */
export function fits(wanted: Bytes, used: Bytes, budget: Bytes): boolean {
  return used.host + wanted.host <= budget.host && used.device + wanted.device <= budget.device
}

/** Bytes as whole mebibytes, rounded up. */
export function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20)
}
