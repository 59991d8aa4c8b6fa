// `npm start`: the whole of Twohop on this machine, in the foreground.
import '../inference-host/platform/no-telemetry.ts'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import { announcement } from './announcement.ts'
import { requireServed } from './catalog.ts'
import { headerFilePlace, writeHeaderFile } from './header-file.ts'
import { HERE } from './here.ts'
import { keepAlive } from './keep-alive.ts'
import { chosenModels } from './models.ts'
import { pageOrigins } from './page-origins.ts'
import { onParentsEnd } from './parents-end.ts'
import { portOrFree, requireFreePort } from './ports.ts'
import { readSettings } from './settings/settings.ts'
import { type Say, type Stack, startStack } from './stack.ts'
import { removeStackFile, removeStaleStackFile, stackFilePlace, writeStackFile } from './stack-file.ts'
import { stackFolder } from './stack-folder.ts'
import { typedOptions } from './start-options.ts'
import { createToldLines } from './told-lines.ts'

const DEFAULT_PORT = 8787
/** The same at each start, because apps have it in their configuration. */
const SIGN_IN_PORT = 8789
const EXAMPLE = fileURLToPath(new URL('../examples/extension', import.meta.url))
/** Where the seconds stand that a part took. */
const TEXT_WIDTH = 78

const dir = stackFolder(process.env.TWOHOP_DIR)
// The parts compile much the same sources. From the second start on they find them compiled (https://nodejs.org/api/module.html#module-compile-cache).
process.env.NODE_COMPILE_CACHE ??= join(dir, 'compile-cache')
let stackFile = join(dir, 'stack.json')
const { settings: typed, verbose, json } = typedOptions(process.argv)
const toldLine = createToldLines(verbose)
const out = json ? process.stderr : process.stdout

let stack: Stack | undefined
const stopping = new AbortController()
process.on('SIGINT', () => void stop())
process.on('SIGTERM', () => void stop())
// npm's shell passes no signal on. It ends by SIGTERM itself, and this process would go on without a terminal.
if (process.env.npm_lifecycle_event !== undefined) onParentsEnd(() => void stop())

try {
  const settings = await readSettings(typed, HERE)
  for (const line of settings.told) say('settings', line)
  const { port = DEFAULT_PORT, emulators } = settings
  // Before the ports: another port would not mend what is wrong with an option.
  const models = await chosenModels(settings.models)
  requireServed(
    settings.catalog,
    models.map(({ id }) => id),
  )
  if (port !== 0) await requireFreePort('--port', port)
  if (settings.signInPort) await requireFreePort('--sign-in-port', settings.signInPort)
  await removeStaleStackFile(stackFile)
  const { signal } = stopping
  stack = await startStack({
    ...{ dir, port, models: settings.models, device: settings.device, say, signal, emulators },
    // Beside an edge on any free port, another stack may well have the usual one.
    signInPort: settings.signInPort ?? (port === 0 ? 0 : await portOrFree(SIGN_IN_PORT)),
    edgeVariables: { ...settings.variables, ALLOWED_ORIGINS: pageOrigins(settings.origins) },
    own: settings,
    catalog: (base) => settings.catalog ?? base,
    ledger: true,
    keepUsers: true,
  })
  await announce(stack, emulators)
} catch (error) {
  await stack?.stop()
  if (stopping.signal.aborted) end()
  else {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  }
}

/** Writes the files that tools and the printed commands read, keeps the stack alive, and says what to do first. */
async function announce(up: Stack, emulators: string | undefined): Promise<void> {
  stackFile = await stackFilePlace(dir, new URL(up.file.edge.url).port)
  const headerFile = headerFilePlace(stackFile)
  await writeStackFile(stackFile, up.file)
  await writeHeaderFile(headerFile, up.file)
  keepAlive(up, {
    say,
    changed: ({ file }) => writeStackFile(stackFile, file),
    stopping: () => stopping.signal.aborted,
  })
  const { edge, issuers, models } = up.file
  if (json) {
    const files = { stack_file: stackFile, header_file: headerFile }
    process.stdout.write(
      `${JSON.stringify({ edge: edge.url, sign_in: issuers.supabase.url, ...files, models, emulators: emulators ?? null })}\n`,
    )
    return
  }
  process.stdout.write(
    announcement(up.file, {
      ...{ stackFile: fromHere(stackFile), headerFile: fromHere(headerFile), emulators, verbose },
      example: existsSync(join(EXAMPLE, 'package.json')) ? fromHere(EXAMPLE) : undefined,
      colour: process.stdout.isTTY,
    }),
  )
}

/** A path as short as it can be in the shell that started this. */
function fromHere(path: string): string {
  const short = relative(HERE, path)
  return short.startsWith('..') || isAbsolute(short) ? path : short
}

/** Ends the stack. A stack that is still starting ends itself and throws above. */
async function stop(): Promise<void> {
  if (stopping.signal.aborted) return
  stopping.abort()
  if (stack === undefined) return
  await stack.stop()
  await rm(headerFilePlace(stackFile), { force: true })
  await removeStackFile(stackFile, stack.file)
  end()
}

/** Says that nothing runs any more, and ends. Nobody may be there to read it: a terminal that is closed stops the stack, too. */
function end(): void {
  out.on('error', () => process.exit(0))
  out.write('Twohop has ended.\n', () => process.exit(0))
}

function say(...[part, line, how = {}]: Parameters<Say>): void {
  const text = how.printed ? toldLine(part, line) : line
  if (text === undefined) return
  const took = how.seconds === undefined ? '' : `${how.seconds.toFixed(1)} s`
  const full = took === '' ? text : `${text.padEnd(TEXT_WIDTH)} ${took}`
  out.write(`${styleText('dim', part.padEnd(8), { stream: out })} ${full}\n`)
}
