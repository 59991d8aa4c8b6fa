import { execFile } from 'node:child_process'
import { watch } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What a process and those that it starts leave in its home folder, and what they ask of the network. */
export type Watched = {
  /** To start the process with. */
  environment: Record<string, string>
  /** The files under its home folder. */
  files(): Promise<string[]>
  /** Names that were looked up and addresses beyond this machine that were connected to, a line each. */
  asked(): Promise<string[]>
  /** Resolves once there is one. */
  firstAsked(): Promise<void>
}

/** A folder with the compiled watcher. @throws Error where there is no C compiler, or the system is not Linux. */
export async function watching(): Promise<{ of(name: string): Promise<Watched>; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'twohop-watch-'))
  const library = path.join(folder, 'asks-beyond.so')
  const source = fileURLToPath(new URL('../../fixtures/asks-beyond.c', import.meta.url))
  await promisify(execFile)('cc', ['-shared', '-fPIC', '-O2', '-Wall', '-Werror', '-o', library, source])

  async function of(name: string): Promise<Watched> {
    const home = path.join(folder, name, 'home')
    const report = path.join(folder, name, 'asked')
    await mkdir(home, { recursive: true })
    await writeFile(report, '')
    const asked = async () => (await readFile(report, 'utf8')).split('\n').filter((line) => line !== '')
    return {
      environment: { HOME: home, ASKS_BEYOND: report, LD_PRELOAD: library },
      async files() {
        const found = await readdir(home, { recursive: true, withFileTypes: true })
        return found.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
      },
      asked,
      async firstAsked() {
        const changes = watch(report)
        const seen = new Promise<void>((resolve) => changes.on('change', () => resolve()))
        if ((await asked()).length === 0) await seen
        changes.close()
      },
    }
  }
  return { of, remove: () => rm(folder, { recursive: true, maxRetries: 10 }) }
}
