/** A map of bounded size that forgets what was used the longest ago. */
export type Lru<Key, Value> = {
  get(key: Key): Value | undefined
  set(key: Key, value: Value): void
}

export function createLru<Key, Value>(entries: number): Lru<Key, Value> {
  const held = new Map<Key, Value>()
  return {
    get(key) {
      const value = held.get(key)
      if (value === undefined) return undefined
      held.delete(key)
      held.set(key, value)
      return value
    },
    set(key, value) {
      held.delete(key)
      held.set(key, value)
      const oldest = held.keys().next()
      if (held.size > entries && !oldest.done) held.delete(oldest.value)
    },
  }
}
