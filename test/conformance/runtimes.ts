import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'
import { eventually } from '../stack/client.ts'
import { fromLog, startProcess } from './process.ts'

/** An edge on one runtime, before the parts of the stack. */
export type RunningEdge = {
  url: string
  log(): string
  /** Has the runtime do its scheduled work, by its own way, until `done` is true. */
  schedule(done: () => Promise<boolean>): Promise<void>
  stop(): Promise<unknown>
}

export type Runtime = {
  name: string
  start(variables: Record<string, string>): Promise<RunningEdge>
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const until = (done: () => Promise<boolean>) =>
  eventually(async () => ((await done()) ? true : undefined)).then(() => {})

/** The worker that `wrangler deploy` would upload, in workerd: the stack's own edge. */
const workerd: Runtime = {
  name: 'Workers',
  async start() {
    const { url, cronUrl } = inject('stack').edge
    return {
      url,
      log: () =>
        readFileSync(join(inject('stackDir'), 'stack.log'), 'utf8')
          .split('\n')
          .filter((line) => line.startsWith('edge '))
          .join('\n'),
      async schedule(done) {
        // The first run wakes a ledger that is still down.
        await until(async () => {
          await fetch(cronUrl, { method: 'POST' })
          return done()
        })
      },
      stop: async () => {},
    }
  },
}

/** `npm run serve:edge`, on a free port. */
export const startNode = (variables: Record<string, string>) =>
  startProcess({
    command: process.execPath,
    args: [join(root, 'edge/runtime/node.ts')],
    env: { EDGE_PORT: '0', EDGE_SCHEDULE_SECONDS: '0', ...variables },
    listening: fromLog,
  })

const node: Runtime = {
  name: 'Node',
  async start(variables) {
    const edge = await startNode(variables)
    return {
      url: edge.url,
      log: edge.log,
      async schedule(done) {
        const timed = await startNode({ ...variables, EDGE_SCHEDULE_SECONDS: '1' })
        await until(done).finally(timed.stop)
      },
      stop: edge.stop,
    }
  },
}

export const RUNTIMES: readonly Runtime[] = [workerd, node]
