import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { initializeApp } from 'firebase-admin/app'
import { getAppCheck } from 'firebase-admin/app-check'
import { getAuth } from 'firebase-admin/auth'
import { onRequest } from 'firebase-functions/https'
import { onSchedule } from 'firebase-functions/scheduler'
import { answerUnread } from '../../shared/unread-request.ts'
import { createFirebaseSdkAppCheck } from '../app-check/firebase-sdk.ts'
import { createFirebaseRevoked } from '../identity/firebase-revoked.ts'
import { issuerName } from '../identity/issuer.ts'
import { failedTo, logOfProcess } from '../log/of-process.ts'
import { createFirebaseSdkAdmin } from '../sync/firebase-sdk-admin.ts'
import { CONCURRENCY, REQUEST_SECONDS, SCHEDULED_SECONDS, SECRETS } from './firebase-options.ts'
import { FIREBASE_VARIABLES, fromFirebase, projectOf, refuseCheckRevoked } from './firebase-variables.ts'
import { clientAddress } from './forwarded.ts'
import { makeEdge } from './make-edge.ts'
import { createNodePlatform } from './node-platform.ts'
import { createUnconfigured, NotConfigured } from './not-configured.ts'
import { tracerOf } from './otlp.ts'
import { readVariables } from './read-variables.ts'
import { settledBeforeEnd } from './settled-before-end.ts'

/** Google's front end appends the address that it heard from. */
const PROXIES = 1

const write = (line: string) => console.log(line)
const log = logOfProcess(write)

let made: ReturnType<typeof makeEdge> | undefined

/** One edge for each instance. It is made at the first request: a deployment loads this file, and knows no secret. */
function edgeOf() {
  made ??= make()
  return made
}

function make() {
  const { values, complaints } = readVariables(FIREBASE_VARIABLES, process.env)
  complaints.push(...refuseCheckRevoked(process.env))
  if (complaints.length > 0) return createUnconfigured(new NotConfigured(complaints), write)
  const project = projectOf(process.env)
  const own = {
    ...createNodePlatform(),
    keepsNames: 'FIREBASE_' as const,
    tracer: tracerOf(values, write, true),
  }
  if (project === undefined) return makeEdge(fromFirebase(process.env), write, own)
  // With the platform's own credentials, so that no key file lies anywhere.
  const app = initializeApp()
  const auth = getAuth(app)
  const admin = createFirebaseSdkAdmin(auth)
  const name = issuerName({ projectId: project })
  return makeEdge(fromFirebase(process.env), write, {
    ...own,
    appCheck: createFirebaseSdkAppCheck(getAppCheck(app)),
    ownAdminOf: (issuer) => (issuer === name ? admin : undefined),
    ...(values.CHECK_REVOKED && { alsoVerify: createFirebaseRevoked(auth, project) }),
  })
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
  {
    overrideGlobalObjects: false,
    // Also where the edge itself could not be made.
    errorHandler: answerUnread(failedTo(log)),
  },
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
  async () => {
    try {
      edgeOf()
    } catch (error) {
      await log('error', 'scheduled_failed', { error })
      throw error
    }
    await edgeOf().scheduled()
  },
)
