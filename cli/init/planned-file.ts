import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, posix, resolve } from 'node:path'
import { CliError } from '../context.ts'

/** A file as it is to be. */
export type PlannedFile = {
  /** Relative to the folder that is set up. */
  path: string
  text: string
  /** Only its owner may read it, and git must ignore it. */
  secret: boolean
  /** What in the file that is there is not as it is to be, in words; none where it is new or only grows. */
  differs: string[]
}

/** Where a file is until it is whole. What ignores files of variables ignores it too. */
const HALF_WRITTEN = '.env.new'

/** What becomes of a file. */
export type Outcome = 'new' | 'unchanged' | 'changed'

/** The text of a file that may be there. */
export async function textThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new CliError('unreadable', `${path} cannot be read.`, { cause: error })
  })
}

/** @throws CliError unreadable */
export async function outcomeOf(folder: string, { path, text }: PlannedFile): Promise<Outcome> {
  const there = await textThere(join(folder, path))
  return there === undefined ? 'new' : there === text ? 'unchanged' : 'changed'
}

/**
 * Writes the files that are not yet as planned, each whole or not at all.
 * @param force whether what differs may be overwritten
 * @throws CliError before anything is written: `differs` with every difference, `not_ignored` where git would take a secret
 */
export async function writeFiles(
  folder: string,
  files: readonly PlannedFile[],
  { force }: { force: boolean },
): Promise<void> {
  refuseDifferences(files, force)
  await refuseUnignored(folder, files)
  for (const file of files) {
    const path = join(folder, file.path)
    if ((await outcomeOf(folder, file)) !== 'unchanged') {
      const half = join(dirname(path), HALF_WRITTEN)
      await mkdir(dirname(path), { recursive: true })
      await rm(half, { force: true })
      await writeFile(half, file.text, { mode: file.secret ? 0o600 : 0o644, flag: 'wx' })
      await rename(half, path)
    }
    // A file that was there may have been open to others.
    if (file.secret) await chmod(path, 0o600)
  }
}

function refuseDifferences(files: readonly PlannedFile[], force: boolean): void {
  const differs = files.flatMap((file) => file.differs.map((what) => `${file.path}: ${what}`))
  if (differs.length > 0 && !force)
    throw new CliError(
      'differs',
      `Nothing was written, because what is there differs:\n${differs.map((line) => `  ${line}`).join('\n')}\n` +
        '--force writes over it; --dry-run shows all.',
    )
}

/** @throws CliError not_ignored, with the lines to add */
export async function refuseUnignored(folder: string, files: readonly PlannedFile[]): Promise<void> {
  const secrets = files.filter(({ secret }) => secret).map(({ path }) => path)
  const halves = secrets.map((path) => posix.join(posix.dirname(path), HALF_WRITTEN))
  const open: string[] = []
  for (const path of new Set([...secrets, ...halves])) if (await isTaken(folder, path)) open.push(path)
  if (open.length > 0)
    throw new CliError(
      'not_ignored',
      `Git would take these with their secrets; put them into .gitignore: ${open.join(', ')}`,
    )
}

/** Whether git would take the file: 1 is git's answer for one that no rule ignores; outside of a repository it has none. */
function isTaken(folder: string, path: string): Promise<boolean> {
  const file = resolve(folder, path)
  return new Promise((answered) =>
    execFile('git', ['check-ignore', '--quiet', '--', file], { cwd: folderThere(file) }, (error) =>
      answered(error?.code === 1),
    ),
  )
}

/** The nearest folder of a file that is there already: git is asked before any is made. */
function folderThere(file: string): string {
  let folder = dirname(file)
  while (!existsSync(folder)) folder = dirname(folder)
  return folder
}
