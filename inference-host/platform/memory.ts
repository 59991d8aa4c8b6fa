/** Counts bytes against a budget. */
export type Memory = {
  readonly limit: number
  readonly used: number
  /** The most that was ever used at once. */
  readonly peak: number
  /** True where `bytes` more fit now, with nothing given up for them. */
  fits(bytes: number): boolean
  /**
   * Takes `bytes`, making room first where they do not fit.
   * @throws Error where no room can be made: then more was admitted than the budget holds.
   */
  take(bytes: number): void
  give(bytes: number): void
  /** Registers something that can be given up. They are asked in the order of registration. */
  onShortage(release: (missing: number) => void): void
}

/** A budget of `limit` bytes. */
export function createMemory(limit: number): Memory {
  const releases: ((missing: number) => void)[] = []
  let used = 0
  let peak = 0
  const fits = (bytes: number) => used + bytes <= limit

  return {
    limit,
    get used() {
      return used
    },
    get peak() {
      return peak
    },
    fits,
    take(bytes) {
      for (const release of releases) {
        if (fits(bytes)) break
        release(used + bytes - limit)
      }
      if (!fits(bytes)) throw new Error(`${bytes} bytes do not fit beside ${used} in ${limit}`)
      used += bytes
      peak = Math.max(peak, used)
    },
    give(bytes) {
      used -= bytes
    },
    onShortage(release) {
      releases.push(release)
    },
  }
}
