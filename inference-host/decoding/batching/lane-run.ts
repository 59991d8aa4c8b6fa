import { at } from '../../platform/at.ts'
import { type Debts, sitsOut } from './debts.ts'
import type { Decoder } from './decoder.ts'
import type { Endings } from './endings.ts'
import type { KvBuffer } from './kv-buffer.ts'
import type { Lane } from './lane.ts'
import type { Sequence } from './request.ts'
import type { Tallying } from './tally.ts'

type Options = {
  decoder: Pick<Decoder, 'run' | 'shape'>
  endings: Endings
  /** The most sequences in one call. */
  rowsPerCall: number
  tally: Pick<Tallying, 'step'>
  debts: Pick<Debts, 'computed'>
  /** Milliseconds on a steady clock. */
  now: () => number
}

const NO_LOGITS = new Float32Array(0)

/**
 * Computes one token for each sequence of a lane, all of it in one call or in calls of `rowsPerCall`. One that sits out
 * is computed with them, since the rows of a call lie side by side, and stays where it is: the next step computes the same
 * again. It gets no token, so the call is the others' compute, and there is none where nobody else is in it. Never rejects:
 * where the decoder fails, all of the lane's sequences end as failed.
 */
export function laneRunner({ decoder, endings, rowsPerCall, tally, debts, now }: Options) {
  const { vocab, padsRows = false } = decoder.shape

  /** One call for the members from `first` on. Resolves with their logits. */
  async function runRows(lane: Lane<Sequence>, buffer: KvBuffer, first: number): Promise<Float32Array> {
    const rows = lane.members.slice(first, first + rowsPerCall)
    const moving = rows.filter((sequence) => !sitsOut(sequence))
    if (moving.length === 0) return NO_LOGITS
    const lengths = rows.map(({ length }) => length)
    // Buffers have an even number of slots, but where memory is short.
    const pads = padsRows && rows.length > 1 && rows.length % 2 === 1 && first + rows.length < buffer.slots
    const empty = pads ? [0] : []
    const began = now()
    const { logits, fresh } = await decoder.run({
      ids: BigInt64Array.from([...rows.map(({ next }) => next), ...empty], BigInt),
      columns: 1,
      lengths: [...lengths, ...empty],
      cache: buffer.view(rows.length + empty.length, first),
    })
    buffer.append(fresh, 1, lengths, first)
    const ms = now() - began
    tally.step(moving.length, ms)
    debts.computed(ms)
    for (const sequence of moving) {
      sequence.length++
      sequence.counted.computeMs += ms / moving.length
    }
    return logits
  }

  return async function runLane(lane: Lane<Sequence>): Promise<void> {
    const members = [...lane.members]
    const logits: Float32Array[] = []
    try {
      const buffer = lane.fit()
      for (let first = 0; first < members.length; first += rowsPerCall)
        logits.push(await runRows(lane, buffer, first))
    } catch (cause) {
      for (const sequence of members.toReversed()) endings.end(sequence, { how: 'failed', cause })
      return
    }
    // Backwards, so that a sequence that ends leaves before another is moved into its place.
    for (let i = members.length - 1; i >= 0; i--) {
      const member = at(members, i)
      if (sitsOut(member)) continue
      const row = i % rowsPerCall
      const call = at(logits, Math.floor(i / rowsPerCall))
      endings.advance(member, call.subarray(row * vocab, (row + 1) * vocab))
    }
  }
}
