// An edge as a process, for tests that kill it: the worker as it is deployed, on real ports, whose every step can be its
// last.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import worker from '../../edge/runtime/workers.ts'
import { createSteps, type OrderMessage } from './steps.ts'

// What Workers have for streams that pass on unread.
Object.assign(globalThis, { IdentityTransformStream: TransformStream })

const { EDGE_VARIABLES = '{}', HOST_METRICS_URL = '', CLOCK_SKEW_MS = '0' } = process.env
const variables: Record<string, string> = JSON.parse(EDGE_VARIABLES)

const steps = createSteps((message) => void process.send?.(message))
const network = globalThis.fetch

/** Resolves when the host says that it computes a request. */
async function hostIsBusy(): Promise<void> {
  while (!/^twohop_num_requests_running\S* [1-9]/m.test(await (await network(HOST_METRICS_URL)).text()))
    await wait(5)
}
globalThis.fetch = steps.around(network, variables.HOST_URL, hostIsBusy)
if (CLOCK_SKEW_MS !== '0') skewClock(Number(CLOCK_SKEW_MS))

async function answer(request: Request): Promise<Response> {
  const tasks: Promise<unknown>[] = []
  await steps.reach('request in')
  const response = await worker.fetch(request, variables, { waitUntil: (task) => void tasks.push(task) })
  await steps.reach('answer begun')
  void Promise.allSettled(tasks).then(() => steps.reach('all done'))
  return response
}

async function cron(): Promise<void> {
  const tasks: Promise<unknown>[] = []
  worker.scheduled({}, variables, { waitUntil: (task) => void tasks.push(task) })
  const error = await Promise.all(tasks).then(() => undefined, String)
  process.send?.({ type: 'cron', error })
}

process.on('message', (message: OrderMessage | { type: 'cron' }) => {
  if (message.type === 'cron') void cron()
  else steps.take(message)
})
process.on('disconnect', () => process.exit())

const server = createServer(getRequestListener(answer)).listen(0, '127.0.0.1', () => {
  process.send?.({ type: 'ready', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})

/** Every clock of this process goes `ms` ahead of the machine's, or behind it. */
function skewClock(ms: number): void {
  const RealDate = Date
  globalThis.Date = class extends RealDate {
    constructor(...of: [number]) {
      if (of.length > 0) super(...of)
      else super(RealDate.now() + ms)
    }
    static override now() {
      return RealDate.now() + ms
    }
  } as DateConstructor
}
