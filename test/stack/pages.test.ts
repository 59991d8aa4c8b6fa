import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ROOT, readPages } from '../fixtures/pages.ts'
import { stack } from './client.ts'

/** What `npm start` says it listens on, where nobody says otherwise. */
const USUAL = 'http://127.0.0.1:8787'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pages-'))
  await mkdir(join(folder, '.local'))
  await writeFile(join(folder, '.local/stack.json'), JSON.stringify(stack))
  await symlink(join(inject('stackDir'), 'issuer'), join(folder, '.local/issuer'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The commands of a page that call a running edge, block by block. */
function blocksOf(path: string, calls = USUAL): string[] {
  const { fenced = '' } = readPages().find((page) => page.path === path) ?? {}
  return [...fenced.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .map(([, block = '']) => block)
    .filter((block) => block.includes(calls))
}

/** Pastes commands into a shell in the folder where the stack runs. Gives what they print. */
async function paste(commands: string, variables: Record<string, string> = {}): Promise<string> {
  const set = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`)
  // Where a user types it, npx finds the clone's own command.
  const here = commands
    .replaceAll(USUAL, stack.edge.url)
    .replaceAll('npx twohop', `node ${join(ROOT, 'cli/twohop.mjs')}`)
  const { stdout } = await promisify(execFile)('sh', ['-c', set.join('') + here], {
    cwd: folder,
    env: { ...process.env, TWOHOP_DIR: join(folder, '.local') },
  })
  return stdout
}

describe('what a page tells to type works as it is printed', () => {
  it('README.md: the classifier, as the user who has it', async () => {
    const blocks = blocksOf('README.md')
    expect(blocks).toHaveLength(1)
    const [[best]] = JSON.parse(await paste(blocks[0] ?? ''))
    expect(best).toEqual({ label: expect.any(String), score: expect.any(Number) })
  })

  it('docs/jobs.md: a job, how far it is, its results, and its end', async () => {
    const [first = '', second = ''] = blocksOf('docs/jobs.md')
    const answer = await paste(first)
    expect(answer).toMatch(/^HTTP\/1\.1 202 /)
    const [, id = ''] = /^location: \/v1\/jobs\/(\S+)/im.exec(answer) ?? []
    const commands = second.split('\n').filter((line) => line.startsWith('curl'))
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
    const variables = { TWOHOP_URL: stack.edge.url, TWOHOP_TOKEN: stack.tokens.supabase.admin }
    const { key } = JSON.parse(await paste(make, variables))
    const vectors = JSON.parse(await paste(use, { ...variables, THE_KEY: key }))
    expect(vectors.data[0].embedding).toHaveLength(256)
  })
})

async function inOrder(commands: readonly string[], variables: Record<string, string>): Promise<string[]> {
  const printed: string[] = []
  for (const command of commands) printed.push(await paste(command, variables))
  return printed
}
