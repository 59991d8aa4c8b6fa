import { TwohopError } from '../../shared/errors.ts'
import { listen } from '../../shared/listen.ts'
import type { Tracer } from '../../shared/tracing/port.ts'
import { settledWithin } from '../../shared/within.ts'
import { failedTo, logOfProcess } from '../log/of-process.ts'
import { errorResponseAt } from '../write/message-errors.ts'
import { createBackground } from './background.ts'
import type { Complaint } from './complaint.ts'
import { createEdge } from './edge.ts'
import { clientAddress } from './forwarded.ts'
import { isLocalRequest } from './loopback.ts'
import { createVerifyEmulated, inEmulatorMode, refuseEmulators, withEmulated } from './node-emulators.ts'
import { createNodePlatform } from './node-platform.ts'
import { NODE_VARIABLES } from './node-variables.ts'
import { NotConfigured } from './not-configured.ts'
import { tracerOf } from './otlp.ts'
import { readVariables, type Values, type Variables } from './read-variables.ts'
import { repeat } from './repeat.ts'

/** An edge that listens. */
export type RunningEdge = {
  url: string
  /**
   * Takes no new request, lets answers under way end within `EDGE_DRAIN_SECONDS`, and then everything be settled. What
   * cannot be settled in time is charged by the sweep.
   */
  drain(): Promise<void>
}

/** How long settlements may take once nobody is answered any more, in milliseconds. */
const SETTLE_MS = 10_000

/**
 * Serves the edge on Node, and runs its scheduled work by a timer.
 * @param write takes a line of the log
 * @throws NotConfigured that names each variable that does not fit; Error of one line where the address cannot be had
 */
export async function serveNode(variables: Variables, write: (line: string) => void): Promise<RunningEdge> {
  const { values, complaints } = readVariables(NODE_VARIABLES, variables)
  const tracer = await tracerOf(values, write)
  const edge = edgeOf(variables, values, complaints, { write, tracer })
  const { EDGE_BIND, EDGE_PORT, EDGE_PROXIES, EDGE_DRAIN_SECONDS, EDGE_SCHEDULE_SECONDS, EDGE_EMULATORS } =
    values as Values<typeof NODE_VARIABLES>
  const wrong = await edge.check()
  if (wrong.length > 0) throw new NotConfigured(wrong)
  const log = logOfProcess(EDGE_EMULATORS ? inEmulatorMode(write) : write)
  const background = createBackground()
  let draining = false
  const server = await listen(
    async (request, { incoming }) => {
      const connected = incoming.socket.remoteAddress
      if (EDGE_EMULATORS && !isLocalRequest(request, connected, incoming.httpVersion))
        return notFromHere(request)
      const answer = await edge.app.fetch(request, {
        background: background.add,
        address: clientAddress(request.headers.get('x-forwarded-for'), connected, EDGE_PROXIES),
      })
      if (draining) answer.headers.set('connection', 'close')
      return answer
    },
    {
      bind: EDGE_BIND,
      port: EDGE_PORT,
      names: { bind: 'EDGE_BIND', port: 'EDGE_PORT' },
      failed: failedTo(log),
    },
  )
  const stopSchedule =
    EDGE_SCHEDULE_SECONDS === 0 ? undefined : repeat(edge.scheduled, EDGE_SCHEDULE_SECONDS * 1000)
  return {
    url: server.url,
    async drain() {
      draining = true
      const scheduled = stopSchedule?.()
      await server.close(EDGE_DRAIN_SECONDS * 1000)
      await settledWithin(SETTLE_MS, Promise.all([background.idle(), scheduled]))
      await tracer?.close()
    },
  }
}

/** The edge of these variables. @throws NotConfigured with `complaints`, and those about the edge's own variables */
function edgeOf(
  variables: Variables,
  { EDGE_EMULATORS: emulators, EDGE_BIND = '', EDGE_PROXIES = 0 }: Partial<Values<typeof NODE_VARIABLES>>,
  complaints: readonly Complaint[],
  { write, tracer }: { write: (line: string) => void; tracer: Tracer | undefined },
) {
  const refused = emulators
    ? refuseEmulators(emulators, { bind: EDGE_BIND, proxies: EDGE_PROXIES, variables })
    : []
  const wrong = [...complaints, ...refused]
  const platform = { ...createNodePlatform(), tracer }
  try {
    const edge = emulators
      ? createEdge(withEmulated(variables, emulators), inEmulatorMode(write), {
          ...platform,
          verifyOther: createVerifyEmulated(emulators),
        })
      : createEdge(variables, write, platform)
    if (wrong.length === 0) return edge
  } catch (error) {
    if (!(error instanceof NotConfigured)) throw error
    throw new NotConfigured([...wrong, ...error.complaints])
  }
  throw new NotConfigured(wrong)
}

const notFromHere = ({ url }: Request) =>
  errorResponseAt(
    new URL(url).pathname,
    new TwohopError(
      'origin_not_allowed',
      'This edge takes tokens of emulators, so it answers its own machine alone, and nobody through a proxy or a tunnel.',
    ),
    crypto.randomUUID(),
  )
