import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { inject } from 'vitest'
import { freePort } from '../../bench/kit.ts'
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
  /** The platform reads a request's body whole, and as JSON, before the edge hears of it. */
  readsBodies?: true
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

const SCHEDULE_SECRET = 'a-secret-of-scheduled-work-in-these-tests'
/** The binary itself: the command that npm links would leave it running when it is ended. */
const { runInstall: denoBinary }: { runInstall(): string } = createRequire(import.meta.url)(
  'deno/install_api.cjs',
)
const inFunction = join(root, 'supabase/functions/edge')

/** Names that the platform keeps for itself, as they are set there. */
const renamed = (variables: Record<string, string>, prefix: string) =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name.startsWith(prefix) ? `TWOHOP_${name}` : name,
      value,
    ]),
  )

/** supabase/functions/edge in Deno, on the packages that npm installed, with no rights but its own. */
const supabase: Runtime = {
  name: 'Supabase (Deno)',
  async start(variables) {
    const edge = await startProcess({
      command: denoBinary(),
      args: [
        ...['run', '--no-prompt', '--no-lock', '--cached-only', '--node-modules-dir=manual'],
        ...['--allow-env', '--allow-net=127.0.0.1', join(inFunction, 'index.ts')],
      ],
      env: {
        ...renamed(variables, 'SUPABASE_'),
        SCHEDULE_SECRET,
        DENO_SERVE_ADDRESS: 'tcp:127.0.0.1:0',
        NO_COLOR: '1',
      },
      listening: (line) => /^Listening on (http:\S+:\d+)/.exec(line)?.[1],
    })
    return {
      url: `${edge.url}/edge`,
      log: edge.log,
      async schedule(done) {
        const headers = { authorization: `Bearer ${SCHEDULE_SECRET}` }
        await until(async () => {
          await fetch(`${edge.url}/edge/scheduled`, { method: 'POST', headers })
          return done()
        })
      },
      stop: edge.stop,
    }
  },
}

const framework = createRequire(import.meta.url).resolve('@google-cloud/functions-framework')
const built = join(root, 'firebase/functions')

/** One of the functions that `npm run build:firebase` makes, in the framework that the platform runs it in. */
async function startFunction(target: string, variables: Record<string, string>) {
  const port = await freePort()
  return startProcess({
    command: process.execPath,
    args: [join(dirname(framework), 'main.js'), `--target=${target}`, `--source=${built}`, `--port=${port}`],
    env: { ...renamed(variables, 'FIREBASE_'), NODE_ENV: 'production', GCLOUD_PROJECT: 'not-asked' },
    listening: `http://127.0.0.1:${port}`,
  })
}

const firebase: Runtime = {
  name: 'Firebase',
  readsBodies: true,
  async start(variables) {
    await promisify(execFile)('npm', ['run', '--ignore-scripts', 'build:firebase'], { cwd: root })
    const edge = await startFunction('edge', variables)
    return {
      url: edge.url,
      log: edge.log,
      async schedule(done) {
        const { url, stop } = await startFunction('scheduled', variables)
        await until(async () => {
          await fetch(url, { method: 'POST' })
          return done()
        }).finally(stop)
      },
      stop: edge.stop,
    }
  },
}

export const RUNTIMES: readonly Runtime[] = [workerd, node, supabase, firebase]
