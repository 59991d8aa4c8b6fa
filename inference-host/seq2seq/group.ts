import { at } from '../platform/at.ts'
import { type Cache, type CacheRow, gatherCache } from './cache.ts'
import type { InStep } from './plan.ts'

/** Something that is written in a group: its place there is its row of the cache. */
export type Member = { paused: number }

/** Texts that take their steps together, with what the decoder keeps of them. */
export type Group<M extends Member> = {
  readonly members: readonly M[]
  readonly cache: Cache
  /** Tokens that each has. */
  readonly tokens: number
}

export function inStep<M extends Member>({ members, tokens }: Group<M>): InStep {
  return { tokens, rows: members.length, paused: Math.max(...members.map(({ paused }) => paused)) }
}

/** The members that stay, without the rows of the others. Undefined where none stays. */
export function keep<M extends Member>(group: Group<M>, stays: (member: M) => boolean): Group<M> | undefined {
  const members = group.members.filter(stays)
  if (members.length === group.members.length) return group
  if (members.length === 0) return undefined
  return {
    ...group,
    members,
    cache: gatherCache(rowsOf(group).filter((_, i) => stays(at(group.members, i)))),
  }
}

/** Joins two groups with members of equally many tokens. */
export function join<M extends Member>(one: Group<M>, other: Group<M>): Group<M> {
  const rows = [one, other].flatMap((group) => rowsOf(group))
  return { ...one, members: [...one.members, ...other.members], cache: gatherCache(rows) }
}

function rowsOf({ members, cache }: Group<Member>): CacheRow[] {
  return members.map((_, row) => ({ cache, row }))
}
