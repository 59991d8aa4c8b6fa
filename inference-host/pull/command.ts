import '../platform/no-telemetry.ts'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { ModelError } from '../weights/error.ts'
import { preparePulled } from './prepare-pulled.ts'
import { humanSize, progressReporter } from './progress.ts'
import { type PulledModel, pull } from './pull.ts'

/** What a shell reports for a process that Ctrl-C ended: 128 + SIGINT. */
const INTERRUPTED = 130
/** Longest that preparing one model may take, in milliseconds. */
const PREPARE_MS = 600_000

const ENVIRONMENT = `
Environment:
  HF_ENDPOINT  hub to fetch from (default: https://huggingface.co)
  HF_TOKEN     token for private or gated models; sent to that hub only
  MODELS_FILE, MODELS_DIR  defaults of --manifest and --dir`

const beside = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const { env } = process

const command = new Command('npm run models:pull --')
  .description('Fetches the models of a manifest, hashes every file and writes the lock beside the manifest.')
  .option('--manifest <file>', 'models to fetch', env.MODELS_FILE || beside('../models.json'))
  .option(
    '--dir <folder>',
    'where models of the hub are kept',
    env.MODELS_DIR || beside('../../.local/models'),
  )
  .option('--frozen', 'fetch exactly what the lock says and fail where anything differs', false)
  .option('--no-prepare', 'leave preparing chat models for batching to the host')
  .option('--json', 'print the result as JSON', false)
  .allowExcessArguments(false)
  .addHelpText('after', ENVIRONMENT)
  .parse()
const options = command.opts<{
  manifest: string
  dir: string
  frozen: boolean
  prepare: boolean
  json: boolean
}>()

const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort())
const progress = progressReporter(process.stderr, () => performance.now())

try {
  const pulled = await pull(options.manifest, {
    modelsDir: options.dir,
    frozen: options.frozen,
    endpoint: env.HF_ENDPOINT || undefined,
    token: env.HF_TOKEN || undefined,
    signal: interrupt.signal,
    onProgress: progress.report,
  })
  progress.end()
  if (options.prepare)
    await preparePulled(options.manifest, pulled, {
      frozen: options.frozen,
      modelsDir: options.dir,
      threads: availableParallelism(),
      timeoutMs: PREPARE_MS,
      signal: interrupt.signal,
      write: (line) => console.error(line),
    })
  for (const { warning } of pulled) if (warning) console.error(`warning: ${warning}`)
  console.log(options.json ? JSON.stringify({ models: pulled }, null, 2) : summary(pulled))
} catch (thrown) {
  progress.end()
  // Anything but a ModelError is a mistake of ours, and its stack is what a report needs.
  if (!(thrown instanceof ModelError)) throw thrown
  console.error(`models:pull: ${thrown.message}`)
  process.exitCode = thrown.code === 'pull_interrupted' ? INTERRUPTED : 1
}

function summary(pulled: readonly PulledModel[]): string {
  const lines = pulled.map(
    ({ id, dtype, files, bytes, folder, commit }) =>
      `${id}: ${files} files, ${humanSize(bytes)}, dtype ${dtype}, ${commit ? `commit ${commit.slice(0, 12)}, ` : ''}${folder}`,
  )
  const entries = pulled.map(({ catalog }) => `  ${JSON.stringify(catalog)}`)
  return [
    ...lines,
    '',
    'For "models" in shared/catalog.json, once prices are added:',
    entries.join(',\n'),
  ].join('\n')
}
