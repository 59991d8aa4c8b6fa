import { at } from '../../platform/at.ts'
import type { Memory } from '../../platform/memory.ts'
import type { CreateBuffer, KvBuffer } from './kv-buffer.ts'
import { bytesPerToken, type DecoderShape } from './shape.ts'
import { roundUp, type Sizes } from './sizes.ts'

/** Something that lives in a lane: `length` is how many tokens it has in the cache. */
export type Member = { length: number }

/**
 * Sequences of similar length that take their steps together, in the first slots of one buffer. The last one takes the
 * place of one that leaves, so the active ones stay together.
 */
export type Lane<M extends Member> = {
  /** The most tokens that a member may have. */
  readonly tokens: number
  /** Each member's place is its slot. */
  readonly members: readonly M[]
  /** Makes room for one more member of `length` tokens. Takes memory, so that other lanes may give some up. */
  makeRoom(length: number): void
  /** Takes in a sequence, copied from a slot of `source`, where `makeRoom` made room for it. */
  add(member: M, source: KvBuffer, slot: number): void
  /** Removes the member at `slot`. The last one takes its place. */
  remove(slot: number): void
  /**
   * The buffer, with room for one more token per member, and rows no longer than is worth it. Not for an empty lane.
   */
  fit(): KvBuffer
  /** The buffer as it is. Not for an empty lane. It is replaced when the lane gives up memory. */
  buffer(): KvBuffer
  /** Gives up the memory of slots that nobody is in. */
  tighten(): void
}

export function createLane<M extends Member>(
  shape: DecoderShape,
  tokens: number,
  memory: Memory,
  { stride: grain }: Sizes,
  createBuffer: CreateBuffer,
): Lane<M> {
  const slotBytes = tokens * bytesPerToken(shape)
  const members: M[] = []
  let held: KvBuffer | undefined
  /** Tokens cleared for nothing by the steps since the stride was last right. */
  let wasted = 0

  const lengths = () => members.map(({ length }) => length)
  const strideFor = (longest: number) => Math.min(roundUp(longest + 1, grain), tokens)

  function lay(current: KvBuffer, stride: number): void {
    current.setStride(stride, lengths())
    wasted = 0
  }

  function there(): KvBuffer {
    if (held === undefined) throw new Error('an empty lane has no buffer')
    return held
  }

  function allocate(slots: number): KvBuffer {
    const had = held?.slots ?? 0
    if (slots > had) memory.take((slots - had) * slotBytes)
    else memory.give((had - slots) * slotBytes)
    held = held?.resized(slots) ?? createBuffer(slots, tokens)
    return held
  }

  return {
    tokens,
    members,

    makeRoom(length) {
      const count = members.length + 1
      if ((held?.slots ?? 0) < count) {
        const roomy = slotsFor(count)
        const affordable = memory.fits((roomy - (held?.slots ?? 0)) * slotBytes)
        allocate(affordable ? roomy : count)
      }
      const current = there()
      const stride = strideFor(length)
      if (members.length === 0 || stride > current.stride) lay(current, stride)
    },

    add(member, source, slot) {
      held?.copyFrom(source, { slot, at: 0 }, { slot: members.length, at: 0 }, member.length)
      members.push(member)
    },

    remove(slot) {
      const last = members.length - 1
      const member = at(members, last)
      if (slot !== last) {
        held?.copyFrom(held, { slot: last, at: 0 }, { slot, at: 0 }, member.length)
        members[slot] = member
      }
      members.pop()
    },

    fit() {
      const current = there()
      const needed = strideFor(Math.max(...lengths()))
      wasted += Math.max(0, current.stride - needed) * members.length
      // Narrower rows are worth their copy (a read and a write) once as much was cleared for nothing.
      const pays = wasted > 2 * lengths().reduce((sum, length) => sum + length, 0)
      if (needed > current.stride || (needed < current.stride && pays)) lay(current, needed)
      return current
    },

    buffer: there,

    tighten() {
      if (held === undefined || held.slots === members.length) return
      if (members.length > 0) return void allocate(members.length)
      memory.give(held.bytes)
      held.release()
      held = undefined
    },
  }
}

/** How many slots a buffer gets for `count` members where memory allows, for few reallocations and little waste. */
function slotsFor(count: number): number {
  return count <= 8 ? 2 ** Math.ceil(Math.log2(count)) : roundUp(count, 8)
}
