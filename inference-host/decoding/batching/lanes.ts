import { at } from '../../platform/at.ts'
import type { Memory } from '../../platform/memory.ts'
import type { CreateBuffer, KvBuffer } from './kv-buffer.ts'
import { createLane, type Lane, type Member } from './lane.ts'
import type { DecoderShape } from './shape.ts'
import { laneFor, type Sizes } from './sizes.ts'

/** All lanes, the shortest sequences' first. */
export type Lanes<M extends Member> = {
  /** Those with members. */
  active(): Lane<M>[]
  readonly members: M[]
  /** Takes in a sequence from a slot of `source`. */
  add(member: M, source: KvBuffer, slot: number): void
  remove(member: M): void
  /** Moves those that outgrew their lane to the next. */
  promote(): void
  tighten(): void
}

export function createLanes<M extends Member>(
  shape: DecoderShape,
  memory: Memory,
  sizes: Sizes,
  context: number,
  createBuffer: CreateBuffer,
): Lanes<M> {
  const lanes = new Map<number, Lane<M>>()

  function laneOf({ length }: M): Lane<M> {
    const tokens = laneFor(length + 1, context, sizes)
    const lane = lanes.get(tokens) ?? createLane<M>(shape, tokens, memory, sizes, createBuffer)
    lanes.set(tokens, lane)
    return lane
  }

  const inOrder = () => [...lanes.values()].sort((a, b) => a.tokens - b.tokens)

  function add(member: M, source: () => KvBuffer, slot: number): void {
    const lane = laneOf(member)
    lane.makeRoom(member.length)
    lane.add(member, source(), slot)
  }

  return {
    active: () => inOrder().filter(({ members }) => members.length > 0),
    get members() {
      return inOrder().flatMap(({ members }) => members)
    },
    add: (member, source, slot) => add(member, () => source, slot),
    remove(member) {
      for (const lane of lanes.values()) {
        const slot = lane.members.indexOf(member)
        if (slot >= 0) lane.remove(slot)
      }
    },
    promote() {
      for (const lane of inOrder())
        for (let slot = lane.members.length - 1; slot >= 0; slot--) {
          const member = at(lane.members, slot)
          if (member.length < lane.tokens) continue
          add(member, lane.buffer, slot)
          lane.remove(slot)
        }
    },
    tighten() {
      for (const lane of lanes.values()) lane.tighten()
    },
  }
}
