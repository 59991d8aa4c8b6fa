import type { Variables } from './read-variables.ts'
import { EDGE_VARIABLES } from './variables.ts'

/**
 * The edge's variables whose names begin as a platform's own do, which it lets nobody set: they are read with TWOHOP_
 * before them there. What the platform itself may have set under such a name is not the edge's.
 */
export function ownNames(environment: Variables, prefix: `${string}_`): Variables {
  const names = Object.keys(EDGE_VARIABLES).filter((name) => name.startsWith(prefix))
  return Object.fromEntries(names.map((name) => [name, environment[`TWOHOP_${name}`] || undefined]))
}

/** The variables that are set to something, so that defaults can be put before them. */
export const notEmpty = (variables: Variables): Variables =>
  Object.fromEntries(Object.entries(variables).filter(([, text]) => text !== undefined && text !== ''))
