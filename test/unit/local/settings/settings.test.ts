import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { readSettings } from '../../../../local/settings/settings.ts'
import defaults from '../../../../shared/catalog.json' with { type: 'json' }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twohop-settings-'))
  return () => rm(folder, { recursive: true, maxRetries: 10 })
})
const write = (name: string, text: string) => writeFile(join(folder, name), text)
const config = (settings: object) =>
  write('twohop.config.ts', `export default ${JSON.stringify(settings)} satisfies object`)
const read = (typed: object = {}) => readSettings(typed, folder)
const wrong = (typed: object = {}) =>
  read(typed).then(
    () => 'nothing',
    ({ message }: Error) => message,
  )

describe('what npm start reads', () => {
  it('is nothing where nothing is written', async () => {
    expect(await read()).toEqual({
      ...{ port: undefined, signInPort: undefined, device: 'auto', models: [], origins: [] },
      ...{ firebaseProjects: [], supabaseUrls: [], emulators: undefined, catalog: undefined },
      ...{ variables: {}, told: [] },
    })
  })

  it('takes the keys of upstreams, by whatever name they have', async () => {
    await write('.env', 'UPSTREAM_KEY_OPENAI=sk-one')
    const { variables } = await read({ edge: { UPSTREAM_KEY_OTHER: 'sk-two' } })
    expect(variables).toEqual({ UPSTREAM_KEY_OPENAI: 'sk-one', UPSTREAM_KEY_OTHER: 'sk-two' })
    expect(await wrong({ edge: { UPSTREAM_KEYS: 'x' } })).toContain('is no variable of the edge')
  })

  it('adds lists up, and takes all else from the command line first, then from twohop.config.ts', async () => {
    await write(
      '.env',
      'ALLOWED_ORIGINS=https://a.example\nANONYMOUS_PLAN=free\nBODY_LIMIT_BYTES=2000\nPATH_OF_MINE=x\n',
    )
    await config({
      ...{ port: 9000, origins: 'https://b.example', supabaseUrls: ['https://abc.supabase.co'] },
      edge: { BODY_LIMIT_BYTES: '3000', FIREBASE_PROJECT_IDS: 'my-project' },
    })
    const settings = await read({
      origins: ['https://c.example'],
      port: 9001,
      edge: { CLAIMS_OBJECT: 'mine' },
    })
    expect(settings).toMatchObject({
      ...{ port: 9001, origins: ['https://a.example', 'https://b.example', 'https://c.example'] },
      ...{ supabaseUrls: ['https://abc.supabase.co'], firebaseProjects: ['my-project'] },
      variables: { ANONYMOUS_PLAN: 'free', BODY_LIMIT_BYTES: '3000', CLAIMS_OBJECT: 'mine' },
      told: [
        'twohop.config.ts: port, origins, supabaseUrls, edge',
        '.env: ALLOWED_ORIGINS, ANONYMOUS_PLAN, BODY_LIMIT_BYTES',
      ],
    })
    expect(Object.keys(settings.variables)).toEqual(['ANONYMOUS_PLAN', 'BODY_LIMIT_BYTES', 'CLAIMS_OBJECT'])
  })

  it("leaves aside what a deployment's .env says of other parts, and what acts on real projects", async () => {
    await write(
      '.env',
      'UPSTASH_REDIS_REST_URL=https://prod.upstash.io\nUPSTASH_REDIS_REST_TOKEN=secret\nHOST_URL=https://host.example\nSUPABASE_SERVICE_KEYS={"a":"b"}\nWEBHOOK_URL=https://hook.example\n',
    )
    const { variables, told } = await read()
    expect(variables).toEqual({})
    expect(told).toEqual([
      '.env: nothing (left aside: HOST_URL, SUPABASE_SERVICE_KEYS, UPSTASH_REDIS_REST_TOKEN, UPSTASH_REDIS_REST_URL, WEBHOOK_URL)',
    ])
  })

  it('takes a catalog as a path, as an object, and as the variable', async () => {
    await write('mine.json', JSON.stringify({ ...defaults, default_plan: 'pro' }))
    expect((await read({ catalog: 'mine.json' })).catalog?.default_plan).toBe('pro')
    await config({ catalog: { ...defaults, default_plan: 'pro' } })
    expect((await read()).catalog?.default_plan).toBe('pro')
    expect((await read({ edge: { CATALOG: JSON.stringify(defaults) } })).catalog?.default_plan).toBe('free')
  })

  it.each([
    [{ port: 99_999 }, '--port must be at most 65535'],
    [{ port: 'x' }, '--port must be a number'],
    [{ device: 'gpu' }, '--device must be auto or cpu or webgpu or cuda'],
    [
      { edge: { NO_SUCH: '1' } },
      '--set NO_SUCH is no variable of the edge: docs/configuration.md lists them.',
    ],
    [
      { edge: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' } },
      '--set OTEL_EXPORTER_OTLP_ENDPOINT is for the edge on Node, Supabase and Firebase: ',
    ],
    [{ edge: { HOST_URL: 'http://x' } }, '--set HOST_URL is set by npm start itself, to a part of its own.'],
    [{ edge: { BODY_LIMIT_BYTES: 'much' } }, '--set BODY_LIMIT_BYTES must be'],
    [{ origins: ['https://app.example/'] }, '--origin is never sent: browsers send https://app.example'],
    [{ firebaseProjects: ['X'] }, '--firebase-project is no project id'],
    [{ supabaseUrls: ['abc.supabase.co'] }, '--supabase-url '],
    [
      { emulators: ['firestore:demo'] },
      '--emulators must be firebase:<project id> or supabase:<URL on this machine>',
    ],
    [
      { emulators: ['firebase:twohop-local'] },
      '--emulators: names what FIREBASE_PROJECT_IDS or SUPABASE_URLS trusts for real already',
    ],
    [
      { origins: ['https://a.example'], edge: { ALLOWED_ORIGINS: 'https://b.example/' } },
      '--origin entry 2 is never sent',
    ],
    [{ catalog: 'none.json' }, '--catalog none.json: there is no such file.'],
  ])('names the option and the rule: %j', async (typed, message) => {
    expect(await wrong(typed)).toContain(message)
  })

  it('names the file of a catalog, the place in it and the rule', async () => {
    await write('mine.json', '[]')
    expect(await wrong({ catalog: 'mine.json' })).toBe('--catalog mine.json: must be a JSON object')
    await write('mine.json', '{"default_plan": 1, "models": [], "plans": []}')
    expect((await wrong({ catalog: 'mine.json' })).split('\n')).toContain(
      '--catalog mine.json: default_plan: must be a text',
    )
    await config({ catalog: {} })
    expect((await wrong()).split('\n')).toContain('twohop.config.ts: catalog: plans: is missing')
  })

  it('names the file, the field and the rule', async () => {
    await config({ orgins: [], port: -1 })
    expect((await wrong()).split('\n').sort()).toEqual([
      expect.stringMatching(/^twohop\.config\.ts: has a field that is not known here; known are .*origins/),
      'twohop.config.ts: port must be at least 0',
    ])
    await write('twohop.config.ts', 'export const port = 1')
    // Another name, because a module is read once.
    expect(await wrong()).toContain('twohop.config.ts: ')
    await rm(join(folder, 'twohop.config.ts'))
    await write('.env', 'ANONYMOUS_PLAN=free\nSUPABASE_URLS=nowhere\n')
    expect(await wrong()).toMatch(/^\.env: SUPABASE_URLS is no URL/)
    await write('.env', 'SUPABASE_JWT_SECRETS=super-secret\n')
    expect(await wrong()).not.toContain('super-secret')
  })
})
