import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { blocks } from '../fixtures/commands/blocks.ts'
import { commandsOf } from '../fixtures/commands/split.ts'
import { createTyping } from '../fixtures/commands/typed.ts'
import { ROOT } from '../fixtures/pages.ts'
import { call, EMBED, newUser, stack } from '../fixtures/stack/client.ts'

/** What `npm start` says it listens on, where nobody says otherwise. */
const USUAL = 'http://127.0.0.1:8787'

const { typed, untyped } = createTyping(import.meta.filename)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pages-'))
  await mkdir(join(folder, '.local'))
  await writeFile(join(folder, '.local/stack.json'), JSON.stringify(stack))
  await symlink(join(inject('stackDir'), 'issuer'), join(folder, '.local/issuer'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The blocks of a page that have these words, by default those that call a running edge. */
const blocksOf = (path: string, words = USUAL, written = 'sh') =>
  blocks
    .filter(({ page, language, text }) => page === path && language === written && text.includes(words))
    .map(({ text }) => text)

/**
 * Pastes commands of a page into a shell in the folder where the stack runs. Gives what they print.
 * @param put what stands in the place of words of the page
 * @param after what is typed after them
 */
async function paste(
  commands: string,
  variables: Record<string, string> = {},
  put: Record<string, string> = {},
  after = '',
): Promise<string> {
  const set = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'\n`)
  // Where a user types it, npx finds the clone's own command.
  const always = { [USUAL]: stack.edge.url, 'npx twohop': `node ${join(ROOT, 'cli/twohop.mjs')}` }
  const there = Object.entries(always).filter(([words]) => commands.includes(words))
  const { stdout } = await typed(commands, { ...put, ...Object.fromEntries(there) }, (text) =>
    promisify(execFile)('sh', ['-ec', `${set.join('')}${text}\n${after}`], {
      cwd: folder,
      // npx tells a command where it was typed.
      env: { ...process.env, TWOHOP_DIR: join(folder, '.local'), INIT_CWD: folder },
    }),
  )
  return stdout
}

describe('what a page tells to type works as it is printed', () => {
  it('README.md: the classifier, as the user who has it', async () => {
    const printed = blocksOf('README.md')
    expect(printed).toHaveLength(1)
    const [[best]] = JSON.parse(await paste(printed[0] ?? ''))
    expect(best).toEqual({ label: expect.any(String), score: expect.any(Number) })
  })

  it('docs/jobs.md: a job, how far it is, its results, and its end', async () => {
    const [first = '', second = ''] = blocksOf('docs/jobs.md')
    const answer = await paste(first)
    expect(answer).toMatch(/^HTTP\/1\.1 202 /)
    const [, id = ''] = /^location: \/v1\/jobs\/(\S+)/im.exec(answer) ?? []
    const commands = commandsOf(second).filter((command) => command.startsWith('curl'))
    expect(commands).toHaveLength(4)
    const variables = { JOB: id, TOKEN: stack.tokens.supabase.free }
    const [events = '', whole = '', open = '', ended = ''] = await inOrder(commands, variables)
    expect(events).toMatch(/^event: end$/m)
    expect(JSON.parse(whole)).toMatchObject({ id, status: 'done', counts: { total: 2, done: 2, failed: 0 } })
    expect(JSON.parse(open)).toMatchObject({ object: 'list', data: [] })
    expect(JSON.parse(ended)).toMatchObject({ id, status: 'done' })
  })

  it('docs/keys.md: a key, and a request with it', async () => {
    const [block = ''] = blocksOf('docs/keys.md', 'curl "$TWOHOP_URL')
    const [make = '', use = ''] = block.split(/^(?=curl)/m)
    const [beside = ''] = blocksOf('docs/keys.md', 'export TWOHOP_URL=http://')
    const { key } = JSON.parse(await paste(`${beside}${make}`))
    const vectors = JSON.parse(await paste(`${beside}${use}`, { THE_KEY: key }))
    expect(vectors.data[0].embedding).toHaveLength(256)
  })
})

describe('what an operator types works as it is printed', () => {
  it('docs/start.md: what a demo user has used', async () => {
    const [block = ''] = blocksOf('docs/start.md')
    expect(JSON.parse(await paste(block))).toMatchObject({ object: 'usage', plan: 'pro' })
  })

  it('docs/versions.md: what a caller says of an answer', async () => {
    const [block = ''] = blocksOf('docs/versions.md')
    const asked = { token: stack.tokens.supabase.free, body: { model: EMBED, input: 'hello' } }
    const id = (await call('/v1/embeddings', asked)).headers.get('x-request-id') ?? ''
    const [, example = ''] = /"request_id": "([^"]*)"/.exec(block) ?? []
    const said = await paste(block, {}, { [example]: id })
    expect(JSON.parse(said)).toMatchObject({ object: 'feedback', request_id: id, score: -1 })
  })

  it('docs/operations.md: a key for Prometheus', async () => {
    const [block = ''] = blocksOf('docs/operations.md', 'curl "$EDGE')
    const made = JSON.parse(await paste(block, { EDGE: stack.edge.url, TOKEN: stack.tokens.supabase.admin }))
    expect(made).toMatchObject({ name: 'prometheus', scopes: ['metrics'], key: expect.any(String) })
  })

  it('docs/keys.md: accounts, a key and the log', async () => {
    const [block = ''] = blocksOf('docs/keys.md', 'npx twohop accounts')
    const { token, account } = await newUser('free')
    await call('/v1/usage', { token })
    const commands = block.replace(/^export .*\n/, '')
    const admin = await newUser('roomy', { role: 'admin' })
    const variables = { TWOHOP_URL: stack.edge.url, TWOHOP_TOKEN: admin.token }
    const out = await paste(commands, variables, { 'firebase:my-project:u1': account }, 'echo "$KEY"')
    expect(out).toMatch(/^status +suspended$/m)
    expect(out).toMatch(/^plan +pro$/m)
    expect(out).toMatch(/^twohop_sk_\w+$/m)
    const acts: { action: string }[] = JSON.parse(/^\[.*\]$/m.exec(out)?.[0] ?? '')
    expect(acts.map(({ action }) => action)).toEqual(['account.grant', 'account.plan', 'account.suspend'])
  })

  it('docs/deploy.md: the files of a deployment', async () => {
    const [block = ''] = blocksOf('docs/deploy.md', 'npx twohop init --firebase-project')
    // Without --out it writes into the clone itself.
    const put = {
      'twohop init': `twohop init --out '${folder}'`,
      '<id of your extension>': 'abcdefghijklmnopabcdefghijklmnop',
    }
    const out = await paste(block, {}, put)
    expect(out).toContain('npm run models:pull')
    expect(await readFile(join(folder, 'wrangler.toml'), 'utf8')).toContain(
      'ALLOWED_ORIGINS = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"',
    )
  })
})

it('types what it is listed for', () => expect(untyped()).toEqual([]))

async function inOrder(commands: readonly string[], variables: Record<string, string>): Promise<string[]> {
  const printed: string[] = []
  for (const command of commands) printed.push(await paste(command, variables))
  return printed
}
