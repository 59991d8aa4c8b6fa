/** A map of bounded size whose entries expire. */
export type ExpiringMap<Key, Value> = {
  /** The value; undefined where there is no such entry or it has expired. */
  get(key: Key): Value | undefined
  /** @param until when the entry expires, in milliseconds on the map's clock */
  set(key: Key, value: Value, until: number): void
}

type Options = {
  /** The most entries. When the map is full, the entry that was set the longest ago is dropped. */
  capacity: number
  /** Milliseconds of any clock that runs evenly. */
  now: () => number
}

/**
 * An empty map. The package lru-cache is as quick, but it would be 4 % of the worker's size. With its defaults it also
 * reads the clock by a timer. On workerd that timer ends with the request that set it, and the clock would stand still.
 */
export function createExpiringMap<Key, Value>({ capacity, now }: Options): ExpiringMap<Key, Value> {
  const entries = new Map<Key, { value: Value; until: number }>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      if (now() < entry.until) return entry.value
      entries.delete(key)
      return undefined
    },
    set(key, value, until) {
      entries.delete(key)
      const oldest = entries.keys().next()
      if (entries.size >= capacity && !oldest.done) entries.delete(oldest.value)
      entries.set(key, { value, until })
    },
  }
}
