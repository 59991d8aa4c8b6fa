import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { run } from '../../../../cli/run.ts'
import { twohop } from '../../../fixtures/twohop-command.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twohop-init-'))
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

const GIVEN = ['--yes', '--firebase-project', 'my-project', '--origin', 'https://app.example']
const init = (...words: string[]) => twohop('init', '--out', folder, ...words)

describe('twohop init', () => {
  it('writes files and says what is left to do, in words and as JSON', async () => {
    const { code, out, err } = await init(...GIVEN)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^new +\.env\.secrets$/m)
    expect(out).toContain('Left to do:\n\n1. ')
    const again = JSON.parse((await init(...GIVEN, '--json')).out)
    expect(new Set(again.files.map(({ outcome }: { outcome: string }) => outcome))).toEqual(
      new Set(['unchanged']),
    )
    expect(again.left_to_do.length).toBeGreaterThan(2)
  })

  it('writes nothing on --dry-run, and shows no secret', async () => {
    const { code, out } = await init(...GIVEN, '--dry-run')
    expect(code).toBe(0)
    expect(out).toMatch(/^new +wrangler\.toml$/m)
    expect(out).toMatch(/^Nothing was written, because of --dry-run\.$/m)
    expect((await init(...GIVEN)).out).not.toContain('Nothing was written')
    await rm(folder, { recursive: true })
    await mkdir(folder)
    expect((await init(...GIVEN, '--dry-run', '--json')).out).toContain('"dry_run":true')
    expect(out).not.toMatch(/"d":|[\w-]{43}/)
    expect(await readdir(folder)).toEqual([])
  })

  it('writes over what differs only where that is wanted, and says what', async () => {
    await init(...GIVEN, '--host-url', 'https://one.example')
    const before = await readFile(join(folder, 'wrangler.toml'), 'utf8')
    const refused = await init(...GIVEN, '--host-url', 'https://two.example', '--json')
    expect(refused.code).toBe(1)
    expect(JSON.parse(refused.err).error).toMatchObject({
      code: 'differs',
      message: expect.stringContaining('HOST_URL is https://one.example, and would be https://two.example'),
    })
    expect(await readFile(join(folder, 'wrangler.toml'), 'utf8')).toBe(before)
    expect((await init(...GIVEN, '--host-url', 'https://two.example', '--force')).code).toBe(0)
    expect(await readFile(join(folder, 'wrangler.toml'), 'utf8')).toContain(
      'HOST_URL = "https://two.example"',
    )
  })

  it('asks whoever sits at a terminal', async () => {
    const answers = ['1', 'my-project', 'node', '', 'https://app.example', '', '']
    let out = ''
    const code = await run(['init', '--out', folder], {
      out: (text) => {
        out += text
      },
      err: () => {},
      colour: false,
      ask: async () => answers.shift() ?? '',
      signal: new AbortController().signal,
    })
    expect({ code, left: answers }).toEqual({ code: 0, left: [] })
    expect(out).toMatch(/^new +\.env\.edge$/m)
  })

  it.each([
    [[], '--sign-in, --runtime, --model, --origin'],
    [['--yes'], '--sign-in, --origin'],
    [['--yes', '--sign-in', 'both', '--origin', 'https://a.example'], '--firebase-project, --supabase-url'],
  ])('names on %j what is missing where nobody can be asked', async (words, missing) => {
    const { code, err } = await init(...words)
    expect(code).toBe(2)
    expect(err).toContain(`say ${missing};`)
  })

  it('says that a model is not there before it asks about it', async () => {
    const { code, err } = await init(...GIVEN, '--model', './gone')
    expect({ code, err }).toEqual({
      code: 2,
      err: expect.stringContaining('--model ./gone: there is no such'),
    })
  })

  it.each([
    [['--runtime', 'mainframe']],
    [['--origin', '*']],
    [['--firebase-project', 'No Project']],
    [['--supabase-url', 'http://abc.supabase.co']],
    [['--host-url', 'http://host.example']],
    [['--redis-url', 'x']],
    [['--model', './gone', '--kind', 'chat', '--context', '5']],
    [['--model', 'embedded', '--kind', 'chat']],
    [['--context', '0']],
    [['more']],
  ])('refuses %j and writes nothing', async (words) => {
    const { code, out, err } = await init(...GIVEN, ...words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^twohop: .+\n$/)
    expect(await readdir(folder)).toEqual([])
  })
})
