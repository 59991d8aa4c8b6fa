import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')
const run = promisify(execFile)

const FOLDER = join(import.meta.dirname, '../../.local/python-clients')

/**
 * Installs the clients for Python that requirements.txt names into a virtual environment, unless they are there already.
 * @param folder of the environment
 * @returns its Python; or why there is none, where this machine lacks Python's own part
 * @throws Error with pip's own words where the registry cannot be reached
 */
export async function installPythonClients(
  folder = FOLDER,
): Promise<{ command: string } | { missing: string }> {
  const command = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const installed = join(folder, 'requirements.txt')
  const wanted = await readFile(REQUIREMENTS, 'utf8')
  if (existsSync(installed) && (await readFile(installed, 'utf8')) === wanted) return { command }
  await rm(folder, { recursive: true, force: true })
  try {
    await run('python3', ['-m', 'venv', folder])
  } catch {
    await rm(folder, { recursive: true, force: true })
    return { missing: 'python3 with venv is missing: apt-get install python3-venv' }
  }
  const started = Date.now()
  process.stderr.write('Installing the clients for Python (once) ...\n')
  const flags = ['--quiet', '--disable-pip-version-check', '--no-deps', '--no-input']
  await run(command, ['-m', 'pip', 'install', ...flags, '--requirement', REQUIREMENTS])
  // Last, so that what broke off is begun anew.
  await copyFile(REQUIREMENTS, installed)
  process.stderr.write(
    `Installing the clients for Python: done in ${Math.round((Date.now() - started) / 1000)} s\n`,
  )
  return { command }
}
