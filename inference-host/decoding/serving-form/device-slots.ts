import type { Decoder } from '../batching/decoder.ts'
import type { Slots } from './serving-run.ts'

/**
 * Slots with caches that stay on a decoder's device, driven plainly, as for `startSlots`. Each has a buffer of its own;
 * for a call of several they are copied into one that is twice as long, and back.
 * @param capacity A buffer's length in tokens.
 * @throws TypeError where the decoder has no caches on its device.
 */
export function startDeviceSlots(decoder: Decoder, count: number, capacity: number): Slots {
  const { createBuffer, shape } = decoder
  if (createBuffer === undefined) throw new TypeError('the caches of this decoder are not on its device')
  const own = Array.from({ length: count }, () => createBuffer(1, capacity))
  const lane = createBuffer(1, 2 * capacity).resized(count)
  lane.setStride(capacity, [])
  const lengths: number[] = Array(count).fill(0)
  const place = (slot: number) => ({ slot, at: 0 })

  return {
    lengths,
    async step(slots, ids) {
      const before = slots.map((slot) => lengths[slot] ?? 0)
      const columns = ids[0]?.length ?? 0
      const [first = 0] = slots
      const buffer = slots.length === 1 ? own[first] : lane
      if (buffer === undefined) throw new RangeError(`there is no slot ${first}`)
      for (const [row, slot] of slots.entries()) {
        const cache = own[slot]
        if (cache !== undefined && buffer === lane)
          lane.copyFrom(cache, place(0), place(row), before[row] ?? 0)
      }
      const { logits } = await decoder.run({
        ids: BigInt64Array.from(ids.flat(), BigInt),
        columns,
        lengths: before,
        cache: buffer.view(slots.length),
      })
      for (const [row, slot] of slots.entries()) {
        lengths[slot] = (before[row] ?? 0) + columns
        if (buffer === lane) own[slot]?.copyFrom(lane, place(row), place(0), lengths[slot] ?? 0)
      }
      if (logits.length !== slots.length * shape.vocab)
        throw new Error('the logits are not of one position a slot')
      return slots.map((_, row) => logits.slice(row * shape.vocab, (row + 1) * shape.vocab))
    },
  }
}
