import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { onOneLine } from '../../fixtures/commands/split.ts'
import { commandOf, createTyping } from '../../fixtures/commands/typed.ts'
import { ROOT, readPages } from '../../fixtures/pages.ts'

const { typed, untyped } = createTyping(import.meta.filename)

/** Commands as the pages have them, without what a shell does around them. */
const commands = readPages()
  .filter(({ path }) => path !== 'CHANGELOG.md')
  .flatMap(({ path, text }) =>
    [...text.matchAll(/\bnpx wrangler ([a-z][^`\n|<>]*(?:<NAME>[^`\n|<>]*)?)/g)].map(([, words = '']) => ({
      path,
      words: words.trim(),
    })),
  )

it('the pages have commands for wrangler', () => {
  expect(new Set(commands.map(({ words }) => words.split(' ')[0]))).toEqual(
    new Set(['deploy', 'secret', 'r2', 'versions', 'rollback', 'vpc']),
  )
})

it('each names the environment that it is for, of the two that wrangler.toml has', () => {
  // A worker with a file of its own has no environments.
  const ours = commands.filter(({ words }) => !words.includes(' --config '))
  expect(ours.filter(({ words }) => !/ --env(?:=""|=staging| staging)(?: |$)/.test(words))).toEqual([])
})

/** What wrangler itself says of a command. */
const helpOf = async (names: string) => {
  const { stdout } = await promisify(execFile)(
    join(ROOT, 'node_modules/.bin/wrangler'),
    [...names.split(' '), '--help'],
    { cwd: ROOT, env: { ...process.env, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' } },
  )
  return stdout
}

const KNOWN = [
  ...['deploy', 'secret put', 'r2 bucket create', 'r2 bucket lifecycle add', 'vpc service create'],
  ...['versions upload', 'versions deploy', 'rollback'],
]

it.each(KNOWN)('wrangler %s has the options and the words that the pages give it', async (names) => {
  // What the pages say of a command behind it is for the shell to leave out.
  const uses = commands.flatMap(({ words }) =>
    words.startsWith(names) ? [words.slice(names.length).replace(/ #.*/, '')] : [],
  )
  expect(uses.length).toBeGreaterThan(0)
  const help = await helpOf(names)
  const usage = help.split('\n').find((line) => line.includes(`wrangler ${names}`)) ?? ''
  const [required, possible] = [/<\w+>/g, /[<[]\w+[>\]]/g].map((form) => usage.match(form)?.length ?? 0)
  for (const use of uses) {
    const options = [...use.matchAll(/--([a-z0-9-]+)/g)].map(([, option]) => option)
    expect(options.filter((option) => !help.includes(`--${option} `))).toEqual([])
    const plain = use.replaceAll(/--[a-z0-9-]+(?:=\S+| (?!--)\S+)?/g, '')
    const given = plain.split(' ').filter(Boolean).length
    expect(given, usage).toBeGreaterThanOrEqual(required ?? 0)
    expect(given, usage).toBeLessThanOrEqual(possible ?? 0)
  }
})

it('every command of the pages is one of these', () => {
  const known = new RegExp(`^(?:${KNOWN.join('|')})(?: |$)`)
  expect(commands.filter(({ words }) => !known.test(words))).toEqual([])
})

it.each([
  ['README.md', 'npx wrangler deploy --env="" --secrets-file', '.env.secrets'],
  ['docs/workers.md', 'npx wrangler versions upload', undefined],
])('%s: %s makes a worker of the clone, up to where the account comes in', async (page, start, file) => {
  const folder = await mkdtemp(join(tmpdir(), 'twohop-wrangler-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'secrets'), 'UPSTASH_REDIS_REST_TOKEN=any\n')
  const put = {
    'npx wrangler': join(ROOT, 'node_modules/.bin/wrangler'),
    ...(file && { [file]: join(folder, 'secrets') }),
  }
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' }
  const { stdout } = await typed(commandOf(page, start), put, (text) =>
    promisify(execFile)('bash', ['-ec', `${onOneLine(text)} --dry-run`], { cwd: ROOT, env }),
  )
  expect(stdout).toContain('--dry-run: exiting now.')
})

it('types what it is listed for', () => expect(untyped()).toEqual([]))
