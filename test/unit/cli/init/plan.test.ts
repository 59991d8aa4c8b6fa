import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Answers } from '../../../../cli/init/answers.ts'
import { newCatalog } from '../../../../cli/init/catalog.ts'
import { readEnvFile } from '../../../../cli/init/env-file.ts'
import { PRIVATE_KEY, PUBLIC_KEYS, planned, typed } from '../../../../cli/init/plan.ts'
import { writeFiles } from '../../../../cli/init/planned-file.ts'
import { readVars } from '../../../../cli/init/wrangler-vars.ts'
import { serviceKeys } from '../../../../local/service-keys.ts'
import { ROOT } from '../../../fixtures/pages.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twohop-plan-'))
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

const answers = (more: Partial<Answers> = {}): Answers => ({
  firebaseProjects: ['my-project'],
  supabaseUrls: [],
  runtime: 'workers',
  model: 'embedded',
  modelId: undefined,
  kind: 'chat',
  context: undefined,
  origins: ['https://app.example'],
  redisUrl: 'https://abc.upstash.io',
  hostUrl: 'https://host.example',
  ...more,
})
const plan = (more: Partial<Answers> = {}) =>
  planned(folder, answers(more), {
    catalog: newCatalog(undefined, undefined),
    model: undefined,
    redisToken: 'a-token-of-redis',
  })
const write = async (more: Partial<Answers> = {}, force = false) =>
  writeFiles(folder, (await plan(more)).files, { force })

describe('the files of a deployment', () => {
  it.each([
    ['workers', [PRIVATE_KEY, PUBLIC_KEYS, '.env.host', 'wrangler.toml', '.env.secrets']],
    ['node', [PRIVATE_KEY, PUBLIC_KEYS, '.env.host', '.env.edge']],
    ['supabase', [PRIVATE_KEY, PUBLIC_KEYS, '.env.host', '.env.secrets']],
    [
      'firebase',
      [PRIVATE_KEY, PUBLIC_KEYS, '.env.host', 'firebase/functions/.env.my-project', '.env.secrets'],
    ],
  ] as const)('on %s are %j, and no open one holds a secret', async (runtime, paths) => {
    const { files, settings } = await plan({ runtime })
    expect(files.map(({ path }) => path)).toEqual(paths)
    const open = files.filter(({ secret }) => !secret).map(({ text }) => text)
    for (const value of settings.secret.values()) expect(open.join('\n')).not.toContain(value)
  })

  it.each(['workers', 'node', 'supabase', 'firebase'] as const)(
    'on %s are the same the second time',
    async (runtime) => {
      await write({ runtime })
      const { files } = await plan({ runtime })
      expect(files.flatMap(({ differs }) => differs)).toEqual([])
      const before = await plan({ runtime })
      await write({ runtime })
      expect((await plan({ runtime })).files).toEqual(before.files)
    },
  )

  it('take what was missing, and say what differs, with no value of a file with secrets', async () => {
    await write({ redisUrl: undefined, hostUrl: undefined })
    const added = (await plan()).files.find(({ path }) => path === 'wrangler.toml')
    expect(added?.differs).toEqual([])
    expect(readVars(added?.text ?? '').get('HOST_URL')).toBe('https://host.example')
    await write()
    const { files } = await plan({ hostUrl: 'https://other.example' })
    expect(files.flatMap(({ path, differs }) => differs.map((what) => `${path}: ${what}`))).toEqual([
      'wrangler.toml: HOST_URL is https://host.example, and would be https://other.example',
    ])
    await write({ runtime: 'node' })
    const node = await plan({ runtime: 'node', hostUrl: 'https://other.example' })
    expect(node.files.flatMap(({ differs }) => differs)).toEqual(['HOST_URL is another'])
  })

  it('keep keys and secrets that are there, also when all else is written over', async () => {
    await write({ runtime: 'node' })
    const before = readEnvFile((await plan({ runtime: 'node' })).files[3]?.text ?? '')
    await write({ runtime: 'node', hostUrl: 'https://other.example' }, true)
    const after = readEnvFile(
      (await plan({ runtime: 'node', hostUrl: 'https://other.example' })).files[3]?.text ?? '',
    )
    expect(after.get('HOST_URL')).toBe('https://other.example')
    for (const name of ['API_KEY_SECRETS', 'SERVICE_TOKEN_PRIVATE_KEY'])
      expect(after.get(name)).toBe(before.get(name))
  })

  it('are made of the key that `npm run keys` wrote, and refuse what is none', async () => {
    const { privateKey, publicKeys } = await serviceKeys()
    await writeFile(join(folder, PRIVATE_KEY), JSON.stringify(privateKey))
    const { files } = await plan()
    expect(JSON.parse(files.find(({ path }) => path === PUBLIC_KEYS)?.text ?? '')).toEqual(publicKeys)
    await writeFile(join(folder, PRIVATE_KEY), '{}')
    await expect(plan()).rejects.toMatchObject({ code: 'bad_key' })
  })

  it('are named as they are typed in the project', () => {
    expect(typed(ROOT, '.env.secrets')).toBe('.env.secrets')
    expect(typed(join(ROOT, 'a'), 'b')).toBe('a/b')
    expect(typed('/elsewhere', 'b')).toBe('/elsewhere/b')
  })
})
