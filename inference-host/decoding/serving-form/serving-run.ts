import type { Tensor } from 'onnxruntime-node'
import { type FloatArray, floatsOf, floatTensor, storedFloats, zeros } from '../../onnx/floats.ts'
import { named } from '../../onnx/named.ts'
import { at } from '../../platform/at.ts'
import { newName, pastName } from './interface.ts'
import { int64, type Session } from './original-run.ts'
import type { ServingDescription } from './rewrite.ts'

/** Slots with their cache buffers, driven plainly. It is for verification and tests, where only correctness counts. */
export type Slots = {
  /** Tokens in each slot so far. */
  readonly lengths: readonly number[]
  /**
   * One call: appends the same number of tokens to each of some slots.
   * @param slots Which, in any order.
   * @param ids A row of token ids for each, all of one length.
   * @returns Each slot's logits after its last token.
   */
  step(slots: readonly number[], ids: readonly (readonly number[])[]): Promise<Float32Array[]>
}

/**
 * @param count How many slots.
 * @param capacity The buffers' length in tokens.
 * @param garbage The value in unused columns. It is finite, and has no effect where the form is right.
 */
export function startSlots(
  session: Session,
  form: ServingDescription,
  count: number,
  capacity: number,
  garbage = 0,
): Slots {
  const { kvHeads, headDim, layers, kvType } = form
  const slotSize = kvHeads * capacity * headDim
  const names = Array.from({ length: layers }, (_, layer) => [
    { past: pastName(layer, 'key'), fresh: newName(layer, 'key') },
    { past: pastName(layer, 'value'), fresh: newName(layer, 'value') },
  ]).flat()
  // What is zero anyhow is not written, so that a wide buffer is not resident as a whole.
  const buffers = names.map(() => {
    const buffer = zeros(kvType, count * slotSize)
    return garbage === 0 ? buffer : buffer.fill(garbage)
  })
  const lengths: number[] = Array(count).fill(0)

  const store = (buffer: FloatArray, slot: number, row: number, added: Tensor, n: number) => {
    const data = storedFloats(added)
    for (let head = 0; head < kvHeads; head++)
      for (let token = 0; token < n; token++) {
        const from =
          form.newLayout === 'tokens-heads'
            ? (row * n + token) * kvHeads + head
            : (row * kvHeads + head) * n + token
        const to = slot * slotSize + (head * capacity + (lengths[slot] ?? 0) + token) * headDim
        buffer.set(data.subarray(from * headDim, (from + 1) * headDim), to)
      }
  }
  /** The buffer itself where all of it is asked for: a copy would be resident. */
  const rowsOf = (buffer: FloatArray, slots: readonly number[]) => {
    if (slots.length === count && slots.every((slot, row) => slot === row)) return buffer
    const rows = zeros(kvType, slots.length * slotSize)
    for (const [row, slot] of slots.entries())
      rows.set(buffer.subarray(slot * slotSize, (slot + 1) * slotSize), row * slotSize)
    return rows
  }
  return {
    lengths,
    async step(slots, ids) {
      const n = ids[0]?.length ?? 0
      const feeds: Record<string, Tensor> = {
        input_ids: int64(ids.flat(), [slots.length, n]),
        ...masks(slots, n),
      }
      for (const [i, { past }] of names.entries()) {
        const fed = rowsOf(at(buffers, i), slots)
        const dims = [slots.length, kvHeads, capacity, headDim]
        feeds[past] = floatTensor(fed, dims)
      }
      const outputs = await session.run(feeds)
      for (const [i, { fresh }] of names.entries())
        for (const [row, slot] of slots.entries()) store(at(buffers, i), slot, row, named(outputs, fresh), n)
      for (const slot of slots) lengths[slot] = (lengths[slot] ?? 0) + n
      const logits = floatsOf(named(outputs, 'logits'))
      if (logits.length !== slots.length * form.vocab)
        throw new Error('the logits are not of one position a slot')
      return slots.map((_, row) => logits.slice(row * form.vocab, (row + 1) * form.vocab))
    },
  }

  function masks(slots: readonly number[], n: number): Record<string, Tensor> {
    const length = (slot: number) => lengths[slot] ?? 0
    const counts = (width: number, used: (slot: number, column: number) => boolean) =>
      int64(
        slots.flatMap((slot) => Array.from({ length: width }, (_, column) => Number(used(slot, column)))),
        [slots.length, width],
      )
    if (form.family === 'gqa')
      return { attention_mask: counts(capacity, (slot, column) => column < length(slot) + n) }
    return {
      attention_mask: counts(capacity + n, (slot, column) => column < length(slot) || column >= capacity),
      position_ids: int64(
        slots.flatMap((slot) => Array.from({ length: n }, (_, i) => length(slot) + i)),
        [slots.length, n],
      ),
    }
  }
}
