/** A map of bounded size that forgets what was used the longest ago. */
export type Lru<Key, Value> = {
  get(key: Key): Value | undefined
  set(key: Key, value: Value): void
}

/** What all values together may weigh, and what one does. One that alone weighs more is not held. */
type Weights<Value> = { most: number; of: (value: Value) => number }

/** @param entries The most values. By default they weigh nothing. */
export function createLru<Key, Value>(
  entries: number,
  weights: Weights<Value> = { most: 0, of: () => 0 },
): Lru<Key, Value> {
  const held = new Map<Key, Value>()
  let weight = 0

  function drop(key: Key): void {
    const value = held.get(key)
    if (value !== undefined) weight -= weights.of(value)
    held.delete(key)
  }

  return {
    get(key) {
      const value = held.get(key)
      if (value === undefined) return undefined
      held.delete(key)
      held.set(key, value)
      return value
    },
    set(key, value) {
      drop(key)
      held.set(key, value)
      weight += weights.of(value)
      for (const oldest of held.keys()) {
        if (held.size <= entries && weight <= weights.most) break
        drop(oldest)
      }
    },
  }
}
