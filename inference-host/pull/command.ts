import '../platform/no-telemetry.ts'
import { availableParallelism } from 'node:os'
import { Command } from 'commander'
import { ModelError } from '../weights/error.ts'
import { preparePulled } from './prepare-pulled.ts'
import { humanSize, progressReporter } from './progress.ts'
import { type PulledModel, pull } from './pull.ts'
import { hubIn, modelPathsIn, PULL_VARIABLES } from './variables.ts'

/** What a shell reports for a process that Ctrl-C ended: 128 + SIGINT. */
const INTERRUPTED = 130
/** Longest that preparing one model may take, in milliseconds. */
const PREPARE_MS = 600_000

const ENVIRONMENT = `
Environment:
${Object.entries(PULL_VARIABLES)
  .map(([name, { meaning }]) => `  ${name.padEnd(11)}  ${meaning}`)
  .join('\n')}
  MODELS_FILE, MODELS_DIR  defaults of --manifest and --dir`

const { manifest, dir } = modelPathsIn(process.env)

const command = new Command('npm run models:pull --')
  .description('Fetches the models of a manifest, hashes every file and writes the lock beside the manifest.')
  .option('--manifest <file>', 'models to fetch', manifest)
  .option('--dir <folder>', 'where models of the hub are kept', dir)
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
    ...hubIn(process.env),
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
