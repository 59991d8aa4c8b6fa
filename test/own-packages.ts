import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

const ROOT = join(import.meta.dirname, '..')

/**
 * Installs what a folder with a package-lock.json of its own names, unless it is there already. Such folders hold what
 * the product itself never runs (other people's clients, an example that is built), so that a user's clone stays small.
 * For a project's `globalSetup`, which runs before its tests and by itself.
 * @param folder from the root of the repository, such as "test/clients"
 * @throws Error with npm's own words where the registry cannot be reached
 */
export function installOwnPackages(folder: string): void {
  const cwd = join(ROOT, folder)
  const installed = join(cwd, 'node_modules', '.package-lock.json')
  if (
    existsSync(installed) &&
    statSync(installed).mtimeMs >= statSync(join(cwd, 'package-lock.json')).mtimeMs
  )
    return
  const started = Date.now()
  process.stderr.write(`Installing the packages of ${relative(ROOT, cwd)} (once) ...\n`)
  const { status, stdout, stderr, error } = spawnSync(
    'npm',
    ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd, encoding: 'utf8', shell: process.platform === 'win32' },
  )
  if (status !== 0)
    throw new Error(
      `npm ci in ${folder} failed; is the registry reachable?\n${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`,
    )
  process.stderr.write(
    `Installing the packages of ${folder}: done in ${Math.round((Date.now() - started) / 1000)} s\n`,
  )
}
