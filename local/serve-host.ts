// `npm run serve:host`: a host alone, without Docker, for an edge of one's own.
import '../inference-host/platform/no-telemetry.ts'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { HERE } from './here.ts'
import { localManifest } from './models.ts'
import { stackFolder } from './stack-folder.ts'

const collect = (value: string, values: string[]) => [...values, value]
const { model, keys, port, device } = new Command('npm run serve:host --')
  .description(
    'Runs a host alone, configured by its environment (docs/configuration.md) and by these options. Ctrl-C stops it.',
  )
  .option(
    '--model <hub id or folder>',
    'a model in place of the embedded one of its kind (repeatable)',
    collect,
    [],
  )
  .option('--keys <file>', "the edge's public keys, which npm run keys writes", 'service-key.public.json')
  .option('--port <port>', 'port on 127.0.0.1 (default: 8788)')
  .option('--device <device>', 'where models run: auto, cpu, webgpu or cuda (default: auto)')
  .allowExcessArguments(false)
  .parse()
  .opts<{ model: string[]; keys: string; port?: string; device?: string }>()

try {
  const dir = stackFolder(process.env.TWOHOP_DIR)
  process.env.SERVICE_TOKEN_PUBLIC_KEYS ||= await publicKeys(resolve(HERE, keys))
  if (model.length > 0) {
    process.env.MODELS_FILE = await localManifest(join(dir, 'serve-host'), model, (line) => console.log(line))
    process.env.MODELS_DIR = join(dir, 'serve-host', 'models')
  }
  if (port !== undefined) process.env.HOST_PORT = port
  if (device !== undefined) process.env.HOST_DEVICE = device
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
// It reads the environment and serves until it is told to stop.
await import('../inference-host/main.ts')

/** @throws Error of one line where there are none */
async function publicKeys(file: string): Promise<string> {
  if (existsSync(file)) return readFile(file, 'utf8')
  throw new Error(
    `--keys ${keys}: there is no such file. \`npm run keys\` writes it, with the private key for the edge beside it.`,
  )
}
