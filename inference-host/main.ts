import './platform/no-telemetry.ts'
import { readConfig } from './config.ts'
import { type RunningHost, startHost } from './host.ts'
import { collectEarly } from './platform/collect-early.ts'
import { faultOf } from './platform/fault.ts'
import { createLog } from './platform/log.ts'

/** `node inference-host/main.ts`: the host as a process, configured by its environment. */
collectEarly()
const log = createLog((line) => console.log(line))

let host: RunningHost | undefined
let stopping = false

/** Drains and ends; before the host is ready there is nothing to drain, and a second signal does not wait. */
async function stop(why: string): Promise<void> {
  if (stopping || host === undefined) process.exit(stopping ? 1 : 0)
  stopping = true
  log('draining', { why })
  await host.drain()
  log('stopped')
  process.exit(0)
}

function fail(error: unknown): never {
  console.error(`host: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}

// Node would print the error whole, and its message can hold a prompt.
process.on('uncaughtException', (error) => {
  log('crashed', faultOf(error))
  process.exit(1)
})
// One that nobody waited for is a fault of ours, and no reason to end everybody's requests.
process.on('unhandledRejection', (reason) => log('unhandled_rejection', faultOf(reason)))
process.on('SIGTERM', () => void stop('SIGTERM').catch(fail))
process.on('SIGINT', () => void stop('SIGINT').catch(fail))
// Started with a channel, the host ends with the process that started it.
process.on('disconnect', () => void stop('disconnect').catch(fail))

try {
  host = await startHost(readConfig(process.env), log)
} catch (error) {
  fail(error)
}
process.send?.({ type: 'ready', url: host.url, models: host.models })
