import { at } from '../platform/at.ts'

/** Items in order. Any of them can be taken out again. */
export type Heap<Item> = {
  readonly size: number
  /** Puts in an item that is not in yet. O(log n) */
  add(item: Item): void
  /** Takes an item out; false where it was not in. O(log n) */
  delete(item: Item): boolean
  /** The first item that `passes`. It stays in. O(k) where k items before it do not pass. */
  first(passes?: (item: Item) => boolean): Item | undefined
}

/**
 * An empty binary heap. The fields that `isBefore` reads must not change while an item is in. Take it out, change it,
 * and put it in again.
 */
export function createHeap<Item>(isBefore: (a: Item, b: Item) => boolean): Heap<Item> {
  const items: Item[] = []
  const places = new Map<Item, number>()

  function put(item: Item, place: number): void {
    items[place] = item
    places.set(item, place)
  }

  function rise(item: Item, from: number): void {
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const other = at(items, above)
      if (!isBefore(item, other)) break
      put(other, place)
      place = above
    }
    put(item, place)
  }

  function sink(item: Item, from: number): void {
    let place = from
    for (;;) {
      let below = 2 * place + 1
      if (below >= items.length) break
      if (below + 1 < items.length && isBefore(at(items, below + 1), at(items, below))) below++
      const other = at(items, below)
      if (!isBefore(other, item)) break
      put(other, place)
      place = below
    }
    put(item, place)
  }

  return {
    get size() {
      return items.length
    },
    add(item) {
      rise(item, items.length)
    },
    delete(item) {
      const place = places.get(item)
      if (place === undefined) return false
      places.delete(item)
      const last = items.pop()
      if (last === undefined || last === item) return true
      const above = (place - 1) >> 1
      if (place > 0 && isBefore(last, at(items, above))) rise(last, place)
      else sink(last, place)
      return true
    },
    first(passes = () => true) {
      let best: Item | undefined
      const open = [0]
      for (let place = open.pop(); place !== undefined; place = open.pop()) {
        const item = items[place]
        if (item === undefined || (best !== undefined && !isBefore(item, best))) continue
        // Nothing below an item comes before it, so the search goes below only those that do not pass.
        if (passes(item)) best = item
        else open.push(2 * place + 1, 2 * place + 2)
      }
      return best
    },
  }
}
