import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { EDGE_VARIABLES } from '../../../edge/runtime/variables.ts'
import { serviceKeys } from '../../../local/service-keys.ts'
import { blocks, blocksIn, placeOf } from '../../fixtures/commands/blocks.ts'
import { commandsOf } from '../../fixtures/commands/split.ts'
import { createTyping } from '../../fixtures/commands/typed.ts'
import { filesLike, ROOT } from '../../fixtures/pages.ts'

// Files that the commands of a page write, in a folder of their own.

const { typed, untyped } = createTyping(import.meta.filename)
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twohop-written-'))
  const { privateKey, publicKeys } = await serviceKeys('one')
  writeFileSync(join(folder, 'service-key.private.json'), JSON.stringify(privateKey))
  writeFileSync(join(folder, 'service-key.public.json'), JSON.stringify(publicKeys))
  cpSync(join(ROOT, 'Dockerfile'), join(folder, 'Dockerfile'))
})
// Anew for each test, and for a second try of one that has written into them.
beforeEach(() => {
  cpSync(join(ROOT, 'deploy/kubernetes'), join(folder, 'deploy/kubernetes'), { recursive: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Types those commands of a page's block that begin so, as bash would. */
async function type(page: string, words: string, begins: RegExp, variables: Record<string, string> = {}) {
  const block = blocks.find((one) => one.page === page && one.text.includes(words))
  const commands = commandsOf(block?.text ?? '').filter((command) => begins.test(command))
  expect(commands.length).toBeGreaterThan(0)
  const env = { PATH: process.env.PATH ?? '', ...variables }
  await typed(commands.join('\n'), {}, (text) =>
    execFileSync('bash', ['-ec', text], { cwd: folder, env, stdio: 'ignore' }),
  )
}
const written = (path: string) => readFileSync(join(folder, path), 'utf8')

describe('what a page tells to write', () => {
  it('README.md: the secrets, in a file that the owner alone can read and that holds what the edge must have', async () => {
    await type('README.md', '> .env.secrets', /^\(umask|^echo /, { UPSTASH_REDIS_REST_TOKEN: 'any' })
    const secrets = parseEnv(written('.env.secrets'))
    expect(statSync(join(folder, '.env.secrets')).mode & 0o777).toBe(0o600)
    const needed = Object.entries<{ fallback: string | undefined; secret?: true }>(EDGE_VARIABLES)
      .filter(([, { fallback, secret }]) => fallback === undefined && secret)
      .map(([name]) => name)
    expect(Object.keys(secrets).toSorted()).toEqual(needed.toSorted())
    expect(
      EDGE_VARIABLES.SERVICE_TOKEN_PRIVATE_KEY.schema.safeParse(secrets.SERVICE_TOKEN_PRIVATE_KEY).success,
    ).toBe(true)
    expect(EDGE_VARIABLES.API_KEY_SECRETS.schema.safeParse(secrets.API_KEY_SECRETS).success).toBe(true)
  })

  it('docs/switch.md: all that deploy/compose.yaml asks for', async () => {
    await type('docs/switch.md', 'deploy/.env', /^secret\(\)|^\(umask/)
    const variables = parseEnv(written('deploy/.env'))
    const compose = readFileSync(join(ROOT, 'deploy/compose.yaml'), 'utf8')
    const asked = [...compose.matchAll(/\$\{(\w+):\?\}/g)].map(([, name = '']) => name)
    expect(asked.length).toBeGreaterThan(5)
    expect([...new Set(asked)].filter((name) => !variables[name])).toEqual([])
    expect(JSON.parse(variables.SERVICE_TOKEN_PUBLIC_KEYS ?? '')).toHaveProperty('keys')
  })

  it('docs/kubernetes.md: the own registry in each manifest that names one', async () => {
    const registry = 'registry.test/ours'
    await type('docs/kubernetes.md', 'grep -rl registry', /^grep/, { REGISTRY: registry })
    const texts = filesLike('deploy/kubernetes/**/*.{yaml,env,json}').map(written)
    expect(texts.filter((text) => text.includes('registry.example.com'))).toEqual([])
    expect(texts.filter((text) => text.includes(registry)).length).toBeGreaterThan(1)
  })

  it('docs/private-host.md: the worker before a container, with settings that wrangler takes', async () => {
    await type('docs/private-host.md', 'host-worker/wrangler.toml', /^mkdir|^cat > host-worker/)
    const config = unstable_readConfig({ config: join(folder, 'host-worker/wrangler.toml') })
    expect(config).toMatchObject({ name: 'twohop-host', workers_dev: false, preview_urls: false })
    expect(config.containers?.[0]).toMatchObject({ class_name: 'Host', max_instances: 1 })
    expect(JSON.parse(String(config.vars.SERVICE_TOKEN_PUBLIC_KEYS))).toHaveProperty('keys')
  })

  it.each(blocksIn('toml').map((block) => [placeOf(block), block] as const))(
    '%s: lines of wrangler.toml that wrangler takes, with variables that the edge has',
    (_place, { text }) => {
      const file = join(folder, 'wrangler.toml')
      const [, service = ''] = /^service = "(.*)"$/m.exec(text) ?? []
      const vars = text.startsWith('[[') ? text : `[vars]\n${text}`
      writeFileSync(file, `name = "a"\nmain = "a.mjs"\ncompatibility_date = "2026-11-01"\n${vars}`)
      const config = unstable_readConfig({ config: file })
      expect(Object.keys(config.vars).filter((name) => !(name in EDGE_VARIABLES))).toEqual([])
      const bindings = [...(config.vpc_services ?? []), ...(config.services ?? [])].map(
        ({ binding }) => binding,
      )
      expect(bindings.length + Object.keys(config.vars).length).toBeGreaterThan(0)
      if (service) expect(bindings).toEqual(['HOST_SERVICE'])
    },
  )

  it('docs/private-host.md: files of Fly that name Dockerfiles and variables that there are', async () => {
    await type('docs/private-host.md', 'fly.host.toml', /^cat > fly/)
    for (const file of ['fly.host.toml', 'fly.edge.toml']) {
      const [, dockerfile = ''] = /^dockerfile = "(.*)"$/m.exec(written(file)) ?? []
      expect(filesLike('Dockerfile*')).toContain(dockerfile)
    }
    const [, env = ''] = /\[env\]\n([\s\S]*?)\n\n/.exec(written('fly.edge.toml')) ?? []
    const names = [...env.matchAll(/^(\w+) = /gm)].map(([, name = '']) => name)
    expect(names.filter((name) => !(name in EDGE_VARIABLES))).toEqual([])
  })

  it('docs/private-host.md: a program for Modal that Python reads', async () => {
    await type('docs/private-host.md', 'modal_host.py', /^cat > modal/)
    execFileSync('python3', ['-c', 'import ast, sys; ast.parse(open(sys.argv[1]).read())', 'modal_host.py'], {
      cwd: folder,
    })
  })
})

it('types what it is listed for', () => expect(untyped()).toEqual([]))
