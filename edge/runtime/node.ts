import { CannotListen } from '../../shared/listen.ts'
import { logOfProcess } from '../log/of-process.ts'
import { inEmulatorMode } from './node-emulators.ts'
import { type RunningEdge, serveNode } from './node-server.ts'
import { NotConfigured } from './not-configured.ts'

/** `npm run serve:edge`: the edge as a process, configured by its environment. SIGTERM and SIGINT drain it. */
const print = (line: string) => console.log(line)
const write = process.env.EDGE_EMULATORS ? inEmulatorMode(print) : print
const log = logOfProcess(write)

let edge: RunningEdge | undefined
let stopping = false

/** Drains and ends; before the edge listens there is nothing to drain, and a second signal does not wait. */
async function stop(why: string): Promise<void> {
  if (stopping || edge === undefined) process.exit(stopping ? 1 : 0)
  stopping = true
  await log('info', 'draining', { detail: { why } })
  await edge.drain()
  await log('info', 'stopped')
  process.exit(0)
}

/** Ends the process: with a line for each thing that its operator has to mend, else with what the log may say. */
async function fail(error: unknown): Promise<never> {
  const wrong =
    error instanceof NotConfigured
      ? error.complaints
      : error instanceof CannotListen
        ? [error.message]
        : undefined
  if (wrong === undefined) await log('error', 'crashed', { error })
  else console.error(['The edge cannot start:', ...wrong.map((line) => `  ${line}`), SEE].join('\n'))
  process.exit(1)
}

const SEE = 'docs/configuration.md says what each variable is for.'

// Node would print the error whole, and its message can hold a prompt.
process.on('uncaughtException', (error) => void fail(error))
// One that nobody waited for is a fault of ours, and no reason to end everybody's requests.
process.on('unhandledRejection', (error) => void log('error', 'unhandled_rejection', { error }))
process.on('SIGTERM', () => void stop('SIGTERM').catch(fail))
process.on('SIGINT', () => void stop('SIGINT').catch(fail))
// Started with a channel, the edge ends with the process that started it.
process.on('disconnect', () => void stop('disconnect').catch(fail))

try {
  edge = await serveNode(process.env, print)
  await log('info', 'listening', { detail: { url: edge.url } })
  process.send?.({ type: 'ready', url: edge.url })
} catch (error) {
  await fail(error)
}
