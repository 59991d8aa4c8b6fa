/** No token's id: it has no logit. */
const NONE = -1

/**
 * The ids of the `count` highest logits, highest first. Of equal ones the lower id comes first. It reads the logits
 * once and keeps a heap of `count`, so a vocabulary of 49k is never sorted. Logits of negative infinity are left out.
 */
export function likeliest(logits: Float32Array, count: number): number[] {
  const heap: number[] = []
  const most = Math.min(count, logits.length)
  if (most <= 0) return heap

  /** True where `a` is the less likely one: the heap's top is the least likely kept. */
  const below = (a: number, b: number) => {
    const x = logits[a] ?? Number.NEGATIVE_INFINITY
    const y = logits[b] ?? Number.NEGATIVE_INFINITY
    return x < y || (x === y && a > b)
  }
  const rise = (place: number) => {
    let at = place
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!below(heap[at] ?? NONE, heap[parent] ?? NONE)) return
      swap(heap, at, parent)
      at = parent
    }
  }
  const sink = () => {
    let at = 0
    for (;;) {
      let least = at
      for (let child = 2 * at + 1; child <= 2 * at + 2; child++)
        if (child < heap.length && below(heap[child] ?? NONE, heap[least] ?? NONE)) least = child
      if (least === at) return
      swap(heap, at, least)
      at = least
    }
  }

  let bar = Number.NEGATIVE_INFINITY
  for (let id = 0; id < logits.length; id++) {
    if (!((logits[id] ?? Number.NEGATIVE_INFINITY) > bar)) continue
    if (heap.length < most) {
      heap.push(id)
      rise(heap.length - 1)
    } else {
      heap[0] = id
      sink()
    }
    if (heap.length === most) bar = logits[heap[0] ?? NONE] ?? Number.NEGATIVE_INFINITY
  }
  return heap.sort((a, b) => (below(a, b) ? 1 : -1))
}

function swap(list: number[], a: number, b: number): void {
  const held = list[a] ?? NONE
  list[a] = list[b] ?? NONE
  list[b] = held
}
