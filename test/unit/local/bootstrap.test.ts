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

test('a changed lock file installs the Node beside an old one again', async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'twohop-bootstrap-')))
  onTestFinished(() => rm(root, { recursive: true }))
  const beside = join(root, 'node_modules/node/bin')
  await mkdir(beside, { recursive: true })
  await mkdir(join(root, 'local'))
  await copyFile(BOOTSTRAP, join(root, 'local/bootstrap.mjs'))
  await copyFile(process.execPath, join(beside, 'node'))
  await writeFile(join(root, 'package-lock.json'), '{}')
  await writeFile(join(root, 'npm'), NPM, { mode: 0o755 })
  const env = { ...process.env, PATH: `${root}${delimiter}${process.env.PATH}` }

  await run(join(beside, 'node'), [join(root, 'local/bootstrap.mjs')], { cwd: root, env })

  const quiet = '--no-audit --no-fund --loglevel=error'
  expect((await readFile(join(root, 'npm-calls'), 'utf8')).split('\n')).toEqual([
    `ci ${quiet}`,
    expect.stringMatching(new RegExp(`^install --no-save node@24\\.\\d+\\.\\d+ ${quiet}$`)),
    '',
  ])
})
