import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { onRequest } from 'firebase-functions/https'
import { onSchedule } from 'firebase-functions/scheduler'
import { CONCURRENCY, REQUEST_SECONDS, SCHEDULED_SECONDS, SECRETS } from './firebase-options.ts'
import { fromFirebase } from './firebase-variables.ts'
import { clientAddress } from './forwarded.ts'
import { makeEdge } from './make-edge.ts'
import { settledBeforeEnd } from './settled-before-end.ts'

/** Google's front end appends the address that it heard from. */
const PROXIES = 1

let made: ReturnType<typeof makeEdge> | undefined

/** One edge for each instance. It is made at the first request: a deployment loads this file, and knows no secret. */
function edgeOf() {
  made ??= makeEdge(fromFirebase(process.env), (line) => console.log(line))
  return made
}

const listener = getRequestListener(
  async (request, from) => {
    const { incoming } = from as HttpBindings
    const tasks: Promise<unknown>[] = []
    const answer = await edgeOf().app.fetch(request, {
      background: (task) => void tasks.push(task),
      address: clientAddress(request.headers.get('x-forwarded-for'), incoming.socket.remoteAddress, PROXIES),
    })
    return settledBeforeEnd(answer, tasks)
  },
  { overrideGlobalObjects: false },
)

/** Firebase Functions, second generation: the edge, open to everybody, since it verifies every token itself. */
export const edge = onRequest(
  {
    secrets: SECRETS,
    timeoutSeconds: REQUEST_SECONDS,
    concurrency: CONCURRENCY,
    memory: '512MiB',
    invoker: 'public',
  },
  (request, response) => listener(request, response),
)

/** Its scheduled work: jobs, sweep, drain. */
export const scheduled = onSchedule(
  { schedule: 'every 1 minutes', secrets: SECRETS, timeoutSeconds: SCHEDULED_SECONDS, retryCount: 0 },
  () => edgeOf().scheduled(),
)
