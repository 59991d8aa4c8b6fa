import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const run = promisify(execFile)
const BOOTSTRAP = join(import.meta.dirname, '../../../local/bootstrap.mjs')

/** What `npm ci` leaves: what is locked, which the Node beside an old one is not. The true one would need a registry. */
const NPM = `#!/bin/sh
echo "$*" >> npm-calls
case "$1" in
  ci) rm -rf node_modules && mkdir node_modules && touch node_modules/.package-lock.json ;;
esac
`

/** A project in which a Node beside an old one runs local/bootstrap.mjs; and what it has npm do. */
async function projectWithNode() {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'twohop-bootstrap-')))
  onTestFinished(() => rm(root, { recursive: true }))
  const beside = join(root, 'node_modules/node/bin')
  await mkdir(beside, { recursive: true })
  await mkdir(join(root, 'local'))
  await copyFile(BOOTSTRAP, join(root, 'local/bootstrap.mjs'))
  await copyFile(process.execPath, join(beside, 'node'))
  await writeFile(join(root, 'package-lock.json'), '{}')
  await writeFile(join(root, 'npm'), NPM, { mode: 0o755 })
  return async (options: readonly string[], variables: Readonly<Record<string, string>> = {}) => {
    const env = { ...process.env, ...variables, PATH: `${root}${delimiter}${process.env.PATH}` }
    await run(join(beside, 'node'), [...options, join(root, 'local/bootstrap.mjs')], { cwd: root, env })
    return (await readFile(join(root, 'npm-calls'), 'utf8')).trimEnd().split('\n')
  }
}

const quiet = '--no-audit --no-fund --loglevel=error'
const installsNode = expect.stringMatching(new RegExp(`^install --no-save node@24\\.\\d+\\.\\d+ ${quiet}$`))

test('a changed lock file installs the Node beside an old one again', async () => {
  const calls = await projectWithNode()
  expect(await calls([])).toEqual([`ci ${quiet}`, installsNode])
})

test('behind `npm ci` that Node alone is installed, so that `npx wrangler` finds it', async () => {
  const { scripts } = JSON.parse(await readFile(join(BOOTSTRAP, '../../package.json'), 'utf8'))
  expect(scripts.postinstall).toBe('node local/bootstrap.mjs')
  const calls = await projectWithNode()
  // As `npm ci` removes it.
  const gone = 'data:text/javascript,import { rmSync } from "node:fs"; rmSync(process.execPath)'
  expect(await calls(['--import', gone], { npm_lifecycle_event: 'postinstall' })).toEqual([installsNode])
})
