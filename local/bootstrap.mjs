// Runs before every npm script, on any Node and with nothing installed. So it is plain JavaScript with no imports but
// Node's own. It installs what package-lock.json names, and a newer Node where this one is too old for wrangler. `npm ci` runs it
// when it has ended (`postinstall`), for that Node alone: without it `npx wrangler` would not start.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
/** The oldest Node that runs npm's own install here. */
const OLDEST = [20, 0]
/** The oldest Node that wrangler runs on and that strips types without a flag. */
const WANTED = [22, 18]
/** Installed beside a Node that is too old. The npm package `node` holds the binary. */
const NODE_PACKAGE = 'node@24.21.0'

const running = process.versions.node.split('.').map(Number)
const olderThan = ([major, minor]) => running[0] < major || (running[0] === major && running[1] < minor)

/** Whether npm has just installed what is locked, and says so later. */
const afterInstall = process.env.npm_lifecycle_event === 'postinstall'

if (olderThan(OLDEST)) fail(`Twohop needs Node ${OLDEST[0]} or newer; this is ${process.version}.`)

const lock = join(root, 'package-lock.json')
const installed = join(root, 'node_modules', '.package-lock.json')
const isInstalled =
  afterInstall || (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs)
if (!isInstalled) npm('Installing dependencies (once; a minute or two)', ['ci'])
// `npm ci` has removed the Node installed beside an old one, which npm runs this by as soon as it is there.
const beside = join(root, 'node_modules', 'node', 'bin', 'node')
if ((olderThan(WANTED) || process.execPath === beside) && !existsSync(beside))
  npm('Installing Node 24 beside the present one (once)', ['install', '--no-save', NODE_PACKAGE])

function npm(what, args) {
  process.stderr.write(`${what} ...\n`)
  const started = Date.now()
  const { status, stdout, stderr, error } = spawnSync(
    'npm',
    [...args, '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      encoding: 'utf8',
      shell: process.platform === 'win32',
      // onnxruntime-node would download CUDA's provider: hundreds of megabytes that only a GPU image needs.
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    },
  )
  if (status !== 0)
    fail(
      `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\n${what} failed: is the npm registry reachable?`,
      // What `npm ci` itself installed is there, and the next script tries again.
      afterInstall ? 0 : 1,
    )
  process.stderr.write(`${what}: done in ${Math.round((Date.now() - started) / 1000)} s\n`)
}

function fail(message, code = 1) {
  process.stderr.write(`${message.trim()}\n`)
  process.exit(code)
}
