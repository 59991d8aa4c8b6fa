import { execFile } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '..')

/** By folder: two projects may need the same one, and their setups run side by side. */
const installations = new Map<string, Promise<void>>()

/**
 * Installs what a folder with a package-lock.json of its own names, unless it is there already. Such folders hold what
 * the product itself never runs (other people's clients, an example that is built), so that a user's clone stays small.
 * For the setup of a project.
 * @param folder from the root of the repository, such as "test/clients"
 * @throws Error with npm's own words where the registry cannot be reached
 */
export function installOwnPackages(folder: string): Promise<void> {
  const begun = installations.get(folder) ?? install(folder)
  installations.set(folder, begun)
  return begun
}

async function install(folder: string): Promise<void> {
  const cwd = join(ROOT, folder)
  const installed = join(cwd, 'node_modules', '.package-lock.json')
  if (
    existsSync(installed) &&
    statSync(installed).mtimeMs >= statSync(join(cwd, 'package-lock.json')).mtimeMs
  )
    return
  const started = Date.now()
  process.stderr.write(`Installing the packages of ${folder} (once) ...\n`)
  await npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], cwd).catch((error) => {
    throw new Error(`${error.message}\nIs the registry reachable?`)
  })
  const seconds = Math.round((Date.now() - started) / 1000)
  process.stderr.write(`Installing the packages of ${folder}: done in ${seconds} s\n`)
}

/**
 * Runs npm in a folder.
 * @param variables for it, beside those of this process
 * @throws Error with what it printed
 */
export async function npm(
  words: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<void> {
  const env = { ...process.env, ...variables }
  const shell = process.platform === 'win32'
  await promisify(execFile)('npm', words, { cwd, env, shell, maxBuffer: Infinity }).catch(
    ({ stdout = '', stderr = '', message }: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(
        `npm ${words.join(' ')} in ${relative(ROOT, cwd)} failed:\n${stdout}${stderr || message}`,
      )
    },
  )
}
