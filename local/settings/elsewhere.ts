import { FIREBASE_VARIABLES } from '../../edge/runtime/firebase-variables.ts'
import { NODE_VARIABLES } from '../../edge/runtime/node-variables.ts'
import { SUPABASE_VARIABLES } from '../../edge/runtime/supabase-variables.ts'
import { EDGE_VARIABLES } from '../../edge/runtime/variables.ts'
import { VARIABLES as HOST_VARIABLES } from '../../inference-host/config.ts'

/** Runtimes of the edge with variables of their own, which the worker that `npm start` runs has not. */
const RUNTIMES = { Node: NODE_VARIABLES, Supabase: SUPABASE_VARIABLES, Firebase: FIREBASE_VARIABLES }

/** What says the same here. */
const INSTEAD: Readonly<Record<string, string>> = {
  EDGE_PORT: ' Here it is --port.',
  ...Object.fromEntries(
    Object.keys(SUPABASE_VARIABLES)
      .filter((name) => name.startsWith('OTEL_'))
      .map((name) => [name, ' On Workers TRACES=on asks for traces (docs/telemetry.md).']),
  ),
}

/**
 * Why the edge of `npm start` does not take a variable, in words that follow its name. For one of docs/configuration.md it says whose
 * it is, and what to set here in its place.
 */
export function whyNotHere(name: string): string {
  const [, own = ''] = /^TWOHOP_((?:SUPABASE|FIREBASE)_\w+)$/.exec(name) ?? []
  if (own in EDGE_VARIABLES) return `is for a function of Supabase or Firebase: here it is ${own}.`
  const having = Object.entries(RUNTIMES).flatMap(([runtime, table]) => (name in table ? [runtime] : []))
  if (having.length > 0) {
    const whose = having.join(', ').replace(/, (\w+)$/, ' and $1')
    return `is for the edge on ${whose}: on Workers, as npm start runs it, there is none.${INSTEAD[name] ?? ''}`
  }
  if (name in HOST_VARIABLES) return 'is a variable of the host, not of the edge.'
  return 'is no variable of the edge: docs/configuration.md lists them.'
}
