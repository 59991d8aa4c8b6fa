import '../platform/no-telemetry.ts'
import { collectEarly } from '../platform/collect-early.ts'
import { faultOf } from '../platform/fault.ts'
import type { FromProcess, ToProcess } from './messages.ts'
import { startThreadEngine, type ThreadEngine } from './thread.ts'

/**
 * The body of an engine's process. The model runs on a second thread, so this one is always free to hear of a stop and
 * of the host's end.
 */
const STATE_MS = 1000

collectEarly()

const stops = new Map<number, () => void>()
let outbox: FromProcess[] = []
let engine: ThreadEngine | undefined

/** Sends what one turn of the loop brings as one message: all tokens of a step, most of the time. */
function post(message: FromProcess): void {
  outbox.push(message)
  if (outbox.length > 1) return
  setImmediate(() => {
    const messages = outbox
    outbox = []
    process.send?.(messages)
  })
}

const postState = () => post({ type: 'state', rss: process.memoryUsage.rss(), load: engine?.load?.() })

async function load(data: Extract<ToProcess, { type: 'load' }>['data']): Promise<void> {
  try {
    engine = await startThreadEngine(data)
  } catch (error) {
    return post({ type: 'load_failed', message: error instanceof Error ? error.message : String(error) })
  }
  postState()
  const { info, slots, batching } = engine
  post({ type: 'loaded', info, slots, batching })
  setInterval(postState, STATE_MS)
  post({ type: 'died', why: await engine.died })
}

process.on('message', (message: ToProcess) => {
  if (message.type === 'load') return void load(message.data)
  const { run } = message
  if (message.type === 'stop') return stops.get(run)?.()
  const started = engine?.run(message.work, (event) => {
    if (event.type === 'ended') stops.delete(run)
    post({ type: 'event', run, event })
  })
  if (started !== undefined) stops.set(run, started.stop)
})
process.once('disconnect', () => process.exit(1))
// Node would print the error whole, and its message can hold a prompt.
process.on('uncaughtException', (error) => {
  console.error(`engine: crashed ${JSON.stringify(faultOf(error))}`)
  process.exit(1)
})
// A terminal's Ctrl-C reaches every process. This one ignores it, because the host ends it once its requests have
// ended.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
