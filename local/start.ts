// `npm start`: the whole of Twohop on this machine, in the foreground.
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import { Command, Option } from 'commander'
import { announcement } from './announcement.ts'
import { keepAlive } from './keep-alive.ts'
import { type Stack, startStack } from './stack.ts'
import { writeStackFile } from './stack-file.ts'

const DEFAULT_PORT = '8787'
const dir = fileURLToPath(new URL('../.local', import.meta.url))
const stackFile = join(dir, 'stack.json')

const command = new Command('npm start --')
  .description(
    'Runs Twohop on this machine: edge, host, Redis and an issuer of demo tokens. Ctrl-C stops it.',
  )
  .option('--port <port>', 'port of the edge', DEFAULT_PORT)
  .option(
    '--model <hub id or folder>',
    'a model to serve in place of the embedded one of its kind (repeatable)',
    (model: string, models: string[]) => [...models, model],
    [] as string[],
  )
  .addOption(
    new Option('--device <device>', 'where models run')
      .choices(['auto', 'cpu', 'webgpu', 'cuda'])
      .default('auto'),
  )
  .parse()
const { port, model, device } = command.opts<{ port: string; model: string[]; device: string }>()

let stack: Stack | undefined
let stopping = false
process.on('SIGINT', () => void stop(0))
process.on('SIGTERM', () => void stop(0))

try {
  await rm(stackFile, { force: true })
  await requireFreePort(Number(port))
  stack = await startStack({ dir, port: Number(port), models: model, device, say })
  if (!stopping) {
    await writeStackFile(stackFile, stack.file)
    keepAlive(stack, {
      say,
      changed: ({ file }) => writeStackFile(stackFile, file),
      stopping: () => stopping,
    })
    process.stdout.write(announcement(stack.file, process.stdout.isTTY))
  }
} catch (error) {
  if (!stopping) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    await stop(1)
  }
}

async function stop(code: number): Promise<void> {
  if (stopping) return
  stopping = true
  await rm(stackFile, { force: true })
  await stack?.stop()
  process.exit(code)
}

function say(part: string, line: string): void {
  process.stdout.write(`${styleText('dim', part.padEnd(7), { stream: process.stdout })} ${line}\n`)
}

/** @throws Error in one line when the port is no port or somebody has it */
async function requireFreePort(wanted: number): Promise<void> {
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65_535)
    throw new Error(`--port must be a whole number from 0 to 65535, not ${port}.`)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const server = createServer()
  server.once('error', (error: NodeJS.ErrnoException) =>
    reject(
      new Error(
        error.code === 'EADDRINUSE'
          ? `Port ${wanted} is taken. Is Twohop running already? Otherwise choose another: npm start -- --port ${wanted + 1}`
          : `Port ${wanted} cannot be used: ${error.message}`,
      ),
    ),
  )
  server.listen(wanted, '127.0.0.1', () => server.close(() => resolve()))
  await promise
}
