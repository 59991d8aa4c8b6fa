import { type Group, inStep, join, keep, type Member } from './group.ts'
import type { InStep } from './plan.ts'

/** The groups under way, the youngest first. */
export type Groups<M extends Member> = {
  readonly members: M[]
  readonly inStep: InStep[]
  /** Takes a group in: into the one with as many tokens, where there is one. */
  add(group: Group<M>): void
  /** The youngest, which has the next step; undefined where there is none. */
  readonly youngest: Group<M> | undefined
  /** Puts the rest of the youngest in its place after its step. The members of the others stood still meanwhile. */
  stepped(left: Group<M> | undefined): void
  /** Lets those go that do not stay. */
  keep(stays: (member: M) => boolean): void
  /** Lets all go. */
  clear(): void
}

export function createGroups<M extends Member>(): Groups<M> {
  let groups: readonly Group<M>[] = []

  function add(group: Group<M>): void {
    const twin = groups.find(({ tokens }) => tokens === group.tokens)
    if (twin === undefined) groups = [group, ...groups]
    else groups = groups.map((one) => (one === twin ? join(twin, group) : one))
  }

  return {
    get members() {
      return groups.flatMap((group) => group.members)
    },
    get inStep() {
      return groups.map(inStep)
    },
    get youngest() {
      return groups[0]
    },
    add,
    stepped(left) {
      groups = groups.slice(1)
      for (const member of groups.flatMap((group) => group.members)) member.paused++
      if (left !== undefined) add(left)
    },
    keep(stays) {
      groups = groups.flatMap((group) => keep(group, stays) ?? [])
    },
    clear() {
      groups = []
    },
  }
}
