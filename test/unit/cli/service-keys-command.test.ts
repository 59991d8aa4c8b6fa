import { execFile } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { commandOf, createTyping } from '../../fixtures/commands/typed.ts'
import { freshFolder } from '../../fixtures/weights/folder.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

const { typed, untyped } = createTyping(import.meta.filename)

test('is `npm run keys`, as the pages have it', async () => {
  const folder = await freshFolder()
  // npm says itself where it was typed.
  const { INIT_CWD: _, ...env } = process.env
  await typed(
    commandOf('docs/start.md', 'npm run keys'),
    { 'npm run': `npm --prefix '${root}' run` },
    (text) => promisify(execFile)('bash', ['-ec', text], { cwd: folder, env }),
  )
  expect((await readdir(folder)).sort()).toEqual(['service-key.private.json', 'service-key.public.json'])
})

test('writes to the folder where the command was typed, not to the project', async () => {
  const folder = await freshFolder()
  const run = () =>
    promisify(execFile)(process.execPath, ['cli/service-keys-command.ts', '--out', 'second-hop'], {
      cwd: root,
      env: { ...process.env, INIT_CWD: folder },
    })
  const { stdout } = await run()
  expect(stdout).toContain('Wrote second-hop.private.json')
  expect((await readdir(folder)).sort()).toEqual(['second-hop.private.json', 'second-hop.public.json'])
  expect((await stat(path.join(folder, 'second-hop.private.json'))).mode & 0o777).toBe(0o600)
  // Nothing is overwritten.
  await expect(run()).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') })
})

test('types what it is listed for', () => expect(untyped()).toEqual([]))
