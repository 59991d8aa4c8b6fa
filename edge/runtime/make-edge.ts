import type { Env } from '../routes/env.ts'
import type { Complaint } from './complaint.ts'
import { createEdge } from './edge.ts'
import { createUnconfigured, NotConfigured } from './not-configured.ts'
import { asSetThere } from './own-names.ts'
import type { Platform } from './platform.ts'
import type { Variables } from './read-variables.ts'

type Made = {
  app: { fetch(request: Request, env: Env['Bindings']): Response | Promise<Response> }
  scheduled(): Promise<void>
}

/**
 * Builds the edge for a platform that starts it at a request: where variables do not fit, what answers in its place says
 * so. Nobody reads the output of a function that does not start.
 * @param write takes a line of the log
 */
export function makeEdge(variables: Variables, write: (line: string) => void, platform: Platform = {}): Made {
  const { keepsNames } = platform
  const unconfigured = (complaints: readonly Complaint[]) =>
    createUnconfigured(
      new NotConfigured(keepsNames ? complaints.map((one) => asSetThere(one, keepsNames)) : complaints),
      write,
    )
  let edge: ReturnType<typeof createEdge>
  try {
    edge = createEdge(variables, write, platform)
  } catch (error) {
    if (error instanceof NotConfigured) return unconfigured(error.complaints)
    throw error
  }
  let made: Made | undefined

  /** Requests do not wait for each other's check: on workerd another request's promise may never settle. */
  async function checked(): Promise<Made> {
    const complaints = await edge.check()
    made ??= complaints.length === 0 ? edge : unconfigured(complaints)
    return made
  }

  return {
    app: {
      fetch: (request, env) =>
        made ? made.app.fetch(request, env) : checked().then(({ app }) => app.fetch(request, env)),
    },
    scheduled: async () => (made ?? (await checked())).scheduled(),
  }
}
