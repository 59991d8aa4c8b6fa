import { createEdge } from './edge.ts'
import { createUnconfigured, NotConfigured } from './not-configured.ts'
import type { Platform } from './platform.ts'
import type { Variables } from './read-variables.ts'

/**
 * Builds the edge for a platform that starts it at a request: where variables do not fit, what answers in its place says
 * so. Nobody reads the output of a function that does not start.
 * @param write takes a line of the log
 */
export function makeEdge(variables: Variables, write: (line: string) => void, platform?: Platform) {
  try {
    return createEdge(variables, write, platform)
  } catch (error) {
    if (error instanceof NotConfigured) return createUnconfigured(error, write)
    throw error
  }
}
