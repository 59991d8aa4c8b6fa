import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { BENCH_DIR, freePort, type Program, serveOn } from '../kit.ts'
import manifest from './portkey/package.json' with { type: 'json' }

const PACKAGE = '@portkey-ai/gateway'
const VERSION = manifest.dependencies[PACKAGE]
/** One folder for each version, so that another version is installed separately. */
const DIR = join(BENCH_DIR, `portkey-${VERSION}`)
const MODULES = join(DIR, 'node_modules')
/** The file that npm writes last. */
const COMPLETE = join(MODULES, '.package-lock.json')

type Options = { progress: (line: string) => void; signal: AbortSignal }

/**
 * Starts Portkey's gateway as a process of its own. It is only compared with and no dependency of Twohop. So npm
 * installs it the first time, into a folder of its own, by the lock file in `portkey/`.
 * @throws Error with npm's message where it cannot be installed, for example without a network
 */
export async function startPortkey(options: Options): Promise<Program & { url: string }> {
  await install(options)
  const port = await freePort()
  const script = join(MODULES, PACKAGE, 'build', 'start-server.js')
  const args = [script, '--headless', `--port=${port}`]
  return {
    ...(await serveOn(port, process.execPath, args, options.signal)),
    url: `http://127.0.0.1:${port}`,
  }
}

async function install({ progress, signal }: Options): Promise<void> {
  if (existsSync(COMPLETE)) return
  progress(`installing ${PACKAGE} ${VERSION} with npm, once, into ${DIR}`)
  await mkdir(DIR, { recursive: true })
  await rm(MODULES, { recursive: true, force: true })
  for (const file of ['package.json', 'package-lock.json'])
    await copyFile(fileURLToPath(new URL(`portkey/${file}`, import.meta.url)), join(DIR, file))
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await promisify(execFile)('npm', args, { cwd: DIR, signal }).catch((error: { stderr?: string }) => {
    signal.throwIfAborted()
    throw new Error(error.stderr?.trim().split('\n')[0] || `npm could not install ${PACKAGE}`, {
      cause: error,
    })
  })
}
