import { choice, EMPTY, type Expression, optional, separated, sequence } from '../grammar/expression.ts'
import { COMMA } from '../grammar/json-text.ts'
import type { Member } from './members.ts'
import type { Scope } from './scope.ts'

/** A member with the expression of its whole entry. */
export type Written = Member & { readonly written: Expression }

/** What an object may have: members in their order, then others, so many entries in all. */
export type Content = {
  readonly members: readonly Written[]
  /** An entry with a name that is freely chosen. */
  readonly others: Expression | undefined
  readonly least: number
  readonly most: number
}

/** Members times counts that a grammar may take. */
const MOST_STATES = 1024

/**
 * What stands between the braces. All that may follow a member comes after one comma: were it each one's own, an answer could be
 * read in as many ways as there are members. Undefined where nothing can be written, not even an empty object.
 */
export function contentOf(content: Content, scope: Scope): Expression | undefined {
  const { members, others, least, most } = countable(content)
  const needed = neededFrom(members)
  const known = new Map<string, Expression | undefined>()
  const some = entries(0, 0)
  if (some === undefined) return mayEnd(0, 0) ? EMPTY : undefined
  return mayEnd(0, 0) ? optional(some) : some

  /** Whether an object may end before the member at `place`, once `used` entries are written. */
  function mayEnd(place: number, used: number): boolean {
    return used >= least && (needed[place] ?? 0) === 0
  }

  /** At least one entry: of the members from `place` on, and of the others. */
  function entries(place: number, used: number): Expression | undefined {
    // Beyond what is asked for at least, it counts only where there is a most.
    const key = `${place} ${most === Number.POSITIVE_INFINITY ? Math.min(used, least) : used}`
    if (!known.has(key)) known.set(key, place < members.length ? fromMember(place, used) : more(used))
    return known.get(key)
  }

  function fromMember(place: number, used: number): Expression | undefined {
    const one = members[place]
    if (one === undefined) return undefined
    const { written, required } = one
    const instead = required ? undefined : entries(place + 1, used)
    if (used + 1 + (needed[place + 1] ?? 0) > most) return instead
    const following = entries(place + 1, used + 1)
    const ends = mayEnd(place + 1, used + 1)
    if (following === undefined && !ends) return instead
    const idOf = (part: Expression | undefined) => (part === undefined ? '' : scope.idOf(part))
    // Where the one before it may be left out, it is there twice: after that one and in its place.
    const apart = place > 0 && members[place - 1]?.required !== true
    const marks = `${ends ? '.' : ''}${apart ? '!' : ''}`
    const made = () => {
      const after = following && sequence(COMMA, following)
      const own = sequence(written, after === undefined ? EMPTY : ends ? optional(after) : after)
      return instead === undefined ? own : choice([own, instead])
    }
    return scope.remembered(`entries ${idOf(written)} ${idOf(following)} ${idOf(instead)} ${marks}`, () =>
      apart ? scope.named(made) : made(),
    )
  }

  /** The others. Two freely chosen names may turn out the same, so no more than one of them can be asked for. */
  function more(used: number): Expression | undefined {
    const [min, max] = [Math.max(1, least - used), most - used]
    if (others === undefined || min > 1 || max < 1) return undefined
    return scope.remembered(`others ${scope.idOf(others)} ${max}`, () => separated(others, COMMA, 1, max))
  }
}

/** How many members are required from each place on. */
function neededFrom(members: readonly Member[]): number[] {
  const needed: number[] = new Array(members.length).fill(0)
  for (let place = members.length - 1, sum = 0; place >= 0; place--) {
    if (members[place]?.required) sum++
    needed[place] = sum
  }
  return needed
}

/**
 * The same content without what does not matter: bounds that are met anyway. Where there are too many members to be counted,
 * the first are required that are lacking, and the last left out that are too many.
 */
function countable({ members, others, least, most }: Content): Content {
  const required = members.filter((one) => one.required).length
  const asked = least > required ? least : 0
  const open = others === undefined && members.length <= most ? Number.POSITIVE_INFINITY : most
  const counts = open === Number.POSITIVE_INFINITY ? asked : open
  if (members.length * (counts + 1) <= MOST_STATES) return { members, others, least: asked, most: open }
  let lacking = least - required
  let room = most - required
  const kept = members.flatMap((one) => {
    if (one.required) return [one]
    return room-- > 0 ? [{ ...one, required: lacking-- > 0 }] : []
  })
  const unbounded = { least: lacking > 0 ? Number.POSITIVE_INFINITY : 0, most: Number.POSITIVE_INFINITY }
  return { members: kept, others: most === Number.POSITIVE_INFINITY ? others : undefined, ...unbounded }
}
