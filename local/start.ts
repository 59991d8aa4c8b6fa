// `npm start`: the whole of Twohop on this machine, in the foreground.
import '../inference-host/platform/no-telemetry.ts'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { styleText } from 'node:util'
import { Command, Option } from 'commander'
import { announcement } from './announcement.ts'
import { keepAlive } from './keep-alive.ts'
import { createLedgerLine } from './ledger-line.ts'
import { pageOrigins } from './page-origins.ts'
import { onParentsEnd } from './parents-end.ts'
import { type Stack, startStack } from './stack.ts'
import { removeStackFile, removeStaleStackFile, stackFilePlace, writeStackFile } from './stack-file.ts'
import { stackFolder } from './stack-folder.ts'

const DEFAULT_PORT = '8787'
/** The same at each start, because apps have it in their configuration. */
const SIGN_IN_PORT = 8789
const dir = stackFolder(process.env.TWOHOP_DIR)
let stackFile = join(dir, 'stack.json')

const command = new Command('npm start --')
  .description(
    'Runs Twohop on this machine: edge, host, Redis, Postgres and an issuer of demo tokens. Ctrl-C stops it.',
  )
  .option('--port <port>', 'port of the edge', DEFAULT_PORT)
  .option(
    '--model <hub id or folder>',
    'a model to serve in place of the embedded one of its kind (repeatable)',
    (model: string, models: string[]) => [...models, model],
    [] as string[],
  )
  .option(
    '--origin <origin>',
    'a page that may call, beside installed extensions and pages of this machine (repeatable)',
    (origin: string, origins: string[]) => [...origins, origin],
    [] as string[],
  )
  .option(
    '--sign-in-port <port>',
    `port at which users sign in, as with Firebase's emulator or Supabase; ${SIGN_IN_PORT}, or a free one where that is taken`,
  )
  .addOption(
    new Option('--device <device>', 'where models run')
      .choices(['auto', 'cpu', 'webgpu', 'cuda'])
      .default('auto'),
  )
  .parse()
const { port, model, origin, device, signInPort } = command.opts<{
  port: string
  model: string[]
  origin: string[]
  device: string
  signInPort?: string
}>()

let stack: Stack | undefined
const ledgerLine = createLedgerLine()
const stopping = new AbortController()
process.on('SIGINT', () => void stop())
process.on('SIGTERM', () => void stop())
// npm's shell passes no signal on. It ends by SIGTERM itself, and this process would go on without a terminal.
if (process.env.npm_lifecycle_event !== undefined) onParentsEnd(() => void stop())

try {
  const edgeVariables = { ALLOWED_ORIGINS: pageOrigins(origin) }
  await requireFreePort('--port', port)
  const signIn = await portToSignIn()
  await removeStaleStackFile(stackFile)
  const { signal } = stopping
  stack = await startStack({
    ...{ dir, port: Number(port), models: model, device, say, signal, edgeVariables },
    signInPort: signIn,
    ledger: true,
  })
  stackFile = await stackFilePlace(dir, new URL(stack.file.edge.url).port)
  await writeStackFile(stackFile, stack.file)
  keepAlive(stack, {
    say,
    changed: ({ file }) => writeStackFile(stackFile, file),
    stopping: () => signal.aborted,
  })
  process.stdout.write(
    announcement(stack.file, { stackFile: relative('', stackFile), colour: process.stdout.isTTY }),
  )
} catch (error) {
  await stack?.stop()
  if (!stopping.signal.aborted) process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(stopping.signal.aborted ? 0 : 1)
}

/** Ends the stack. A stack that is still starting ends itself and throws above. */
async function stop(): Promise<void> {
  if (stopping.signal.aborted) return
  stopping.abort()
  if (stack === undefined) return
  await stack.stop()
  await removeStackFile(stackFile, stack.file)
  process.exit(0)
}

function say(part: string, line: string): void {
  const text = part === 'edge' ? ledgerLine(line) : line
  if (text !== undefined)
    process.stdout.write(`${styleText('dim', part.padEnd(8), { stream: process.stdout })} ${text}\n`)
}

/** The port of `--sign-in-port`, else the usual one where it is free and the edge has a fixed one, too. */
async function portToSignIn(): Promise<number> {
  if (signInPort !== undefined) await requireFreePort('--sign-in-port', signInPort)
  if (signInPort !== undefined || port === '0') return Number(signInPort ?? 0)
  return requireFreePort('--sign-in-port', String(SIGN_IN_PORT)).then(
    () => SIGN_IN_PORT,
    () => 0,
  )
}

/** Checks that a port can be used. @throws Error of one line when it is no valid port, or is taken */
async function requireFreePort(option: string, text: string): Promise<void> {
  const wanted = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(wanted <= 65_535)) throw new Error(`${option} must be a whole number from 0 to 65535, not ${text}.`)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const server = createServer()
  server.once('error', (error: NodeJS.ErrnoException) =>
    reject(
      new Error(
        error.code === 'EADDRINUSE'
          ? `Port ${wanted} is taken. Is Twohop running already? Otherwise choose another: npm start -- ${option} ${wanted + 1}`
          : `Port ${wanted} cannot be used: ${error.message}`,
      ),
    ),
  )
  server.listen(wanted, '127.0.0.1', () => server.close(() => resolve()))
  await promise
}
