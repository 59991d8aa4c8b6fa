import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { outcomeOf, type PlannedFile, writeFiles } from '../../../../cli/init/planned-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twohop-files-'))
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

const file = (path: string, more: Partial<PlannedFile> = {}): PlannedFile => ({
  path,
  text: 'A=1\n',
  secret: false,
  differs: [],
  ...more,
})
const git = (...words: string[]) => promisify(execFile)('git', words, { cwd: folder })

describe('files of a deployment', () => {
  it('are written whole, secrets for their owner alone, also where the file was open to others', async () => {
    await writeFile(join(folder, '.env.secrets'), 'A=1\n', { mode: 0o644 })
    const files = [file('.env.secrets', { secret: true }), file('a/b.json')]
    expect(await Promise.all(files.map((each) => outcomeOf(folder, each)))).toEqual(['unchanged', 'new'])
    await writeFiles(folder, files, { force: false })
    expect((await stat(join(folder, '.env.secrets'))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(folder, 'a/b.json'), 'utf8')).toBe('A=1\n')
    expect((await readdir(folder, { recursive: true })).sort()).toEqual(['.env.secrets', 'a', 'a/b.json'])
    expect(await outcomeOf(folder, file('a/b.json', { text: 'A=2\n' }))).toBe('changed')
  })

  it('are not written where one differs, unless that is wanted', async () => {
    const files = [file('new'), file('.env.edge', { differs: ['HOST_URL is another'] })]
    await expect(writeFiles(folder, files, { force: false })).rejects.toMatchObject({
      code: 'differs',
      message: expect.stringContaining('.env.edge: HOST_URL is another'),
    })
    expect(await readdir(folder)).toEqual([])
    await writeFiles(folder, files, { force: true })
    expect((await readdir(folder)).sort()).toEqual(['.env.edge', 'new'])
  })

  it('are not written where git would take a secret, ignored or not any more', async () => {
    await git('init', '--quiet')
    const files = [file('.env.secrets', { secret: true }), file('open.json')]
    await expect(writeFiles(folder, files, { force: true })).rejects.toMatchObject({
      code: 'not_ignored',
      message: expect.stringContaining('.env.secrets, .env.new'),
    })
    expect(await readdir(folder)).toEqual(['.git'])
    await writeFile(join(folder, '.gitignore'), '.env*\n')
    await writeFiles(folder, files, { force: false })
    // Git is asked before a folder is made, too.
    const below = join(folder, 'new', 'folder')
    await expect(
      writeFiles(below, [file('keys.json', { secret: true })], { force: false }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('keys.json'),
    })
    expect(await readdir(folder)).not.toContain('new')
    await writeFiles(below, files, { force: false })
    // Once added by force, it is no longer ignored, whatever the rules say.
    await git('add', '--force', '.env.secrets')
    await expect(writeFiles(folder, files, { force: false })).rejects.toMatchObject({ code: 'not_ignored' })
  })

  it('are not written half where a folder is no folder', async () => {
    await writeFile(join(folder, 'a'), '')
    await mkdir(join(folder, 'b'))
    await expect(writeFiles(folder, [file('a/b')], { force: true })).rejects.toThrow()
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('')
  })
})
