import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { atTerminal, noTerminal } from '../../fixtures/at-terminal.ts'
import { ROOT } from '../../fixtures/pages.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twohop-asked-'))
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

const init = (...typed: (readonly [string, string])[]) =>
  atTerminal([process.execPath, join(ROOT, 'cli/twohop.mjs'), 'init', '--out', folder], typed)

const SUPABASE = [
  ['sign in?', 'supabase\n'],
  ['Supabase project', 'https://abc.supabase.co\n'],
] as const

describe.skipIf(noTerminal)(`\`npx twohop init\` at a terminal${noTerminal}`, () => {
  it('asks again what does not fit, and Ctrl-C leaves nothing behind', async () => {
    const { code, shown } = init(
      ...SUPABASE,
      ['edge run?', 'firebase\n'],
      ['edge run?', '4\n'],
      ['Which model?', './gone\n'],
      ['Which model?', '\n'],
      ['pages may call?', 'https://app.exam\x03'],
    )
    expect(code).toBe(130)
    expect(shown).toContain('A function of Firebase runs in a project')
    expect(shown).toContain('--model ./gone: there is no such folder')
    expect(shown.split('pages may call?')).toHaveLength(2)
    expect(await readdir(folder)).toEqual([])
  })

  it('takes lines that are pasted together, one for each question', async () => {
    const rest = 'https://abc.supabase.co\nnode\n\nhttps://app.example\n\n\n'
    const { code, shown } = init(['sign in?', `supabase\n${rest}`])
    expect({ code, shown }).toEqual({ code: 0, shown: expect.stringContaining('Left to do:') })
    expect(shown).toContain('such as https://abc.supabase.co: https://abc.supabase.co\n')
    expect(shown).toContain('--runtime node')
    expect(await readdir(folder)).toContain('.env.edge')
  })

  it('ends where the input ends', async () => {
    const { code, shown } = init(...SUPABASE, ['edge run?', '\x04'])
    expect({ code, shown }).toEqual({ code: 1, shown: expect.stringContaining('The input ended before') })
    expect(await readdir(folder)).toEqual([])
  })
})
