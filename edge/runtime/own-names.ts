import { Complaint } from './complaint.ts'
import type { Variables } from './read-variables.ts'
import { EDGE_VARIABLES } from './variables.ts'

/**
 * The edge's variables whose names begin as a platform's own do, which it lets nobody set: they are read with TWOHOP_
 * before them there. What the platform itself may have set under such a name is not the edge's.
 */
export function ownNames(environment: Variables, prefix: Prefix): Variables {
  return Object.fromEntries(
    namesLike(prefix).map((name) => [name, environment[`TWOHOP_${name}`] || undefined]),
  )
}

/** How the names begin that a platform keeps for itself. */
export type Prefix = 'SUPABASE_' | 'FIREBASE_'

/** A complaint with the names under which such variables are set there. */
export function asSetThere({ code, variable, rule, within }: Complaint, prefix: Prefix): Complaint {
  const names = new RegExp(`\\b(?:${namesLike(prefix).join('|')})\\b`, 'g')
  const there = (text: string) => text.replace(names, 'TWOHOP_$&')
  return new Complaint(code, there(variable), there(rule), within)
}

const namesLike = (prefix: Prefix) => Object.keys(EDGE_VARIABLES).filter((name) => name.startsWith(prefix))

/** The variables that are set to something, so that defaults can be put before them. */
export const notEmpty = (variables: Variables): Variables =>
  Object.fromEntries(Object.entries(variables).filter(([, text]) => text !== undefined && text !== ''))
