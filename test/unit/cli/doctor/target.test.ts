import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { targetOf } from '../../../../cli/doctor/target.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twohop-target-'))
  vi.stubEnv('TWOHOP_DIR', dir)
  vi.stubEnv('UPSTASH_REDIS_REST_URL', '')
  vi.stubEnv('TWOHOP_TOKEN', '')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(dir, { recursive: true, force: true, maxRetries: 10 })
})
const stack = (pid: number) =>
  JSON.stringify({
    edge: { url: 'http://127.0.0.1:1', pid },
    host: { url: 'http://127.0.0.1:2' },
    redis: { url: 'http://127.0.0.1:3', token: 't' },
    postgres: null,
    issuers: { supabase: { url: 'http://127.0.0.1:4' } },
    tokens: { supabase: { free: 'a-token' } },
    catalog: {},
  })

describe('what doctor looks at', () => {
  it('is a running stack where nothing is named, and none that has ended', async () => {
    expect((await targetOf({ envFile: [] })).edgeUrl).toBeUndefined()
    await writeFile(join(dir, 'stack.json'), stack(process.pid))
    expect(await targetOf({ envFile: [] })).toMatchObject({
      edgeUrl: 'http://127.0.0.1:1',
      token: 'a-token',
      whole: false,
      variables: { HOST_URL: 'http://127.0.0.1:2', UPSTASH_REDIS_REST_TOKEN: 't' },
      manifestFile: expect.stringMatching(/inference-host\/models\.json$/),
    })
    expect((await targetOf({ envFile: [], edgeUrl: 'https://e.example' })).edgeUrl).toBe('https://e.example')
    await writeFile(join(dir, 'stack.json'), stack(2 ** 22 + 1))
    expect((await targetOf({ envFile: [] })).edgeUrl).toBeUndefined()
    await writeFile(join(dir, 'stack.json'), '{"edge"')
    expect((await targetOf({ envFile: [] })).edgeUrl).toBeUndefined()
  })

  it('is what files say, the later ones before the earlier, under the edge’s own names', async () => {
    const files = {
      'wrangler.toml': '[vars]\nHOST_URL = "https://a.example"\n',
      a: 'X=1\nTWOHOP_SUPABASE_URLS=u\n',
      b: 'X=2\nSERVICE_TOKEN_PRIVATE_KEY={}\n',
    }
    for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text)
    const envFile = Object.keys(files).map((name) => join(dir, name))
    expect(await targetOf({ envFile })).toMatchObject({
      whole: true,
      variables: { HOST_URL: 'https://a.example', X: '2', SUPABASE_URLS: 'u' },
    })
    await expect(targetOf({ envFile: [join(dir, 'gone')] })).rejects.toMatchObject({ code: 'unreadable' })
  })

  it('is the environment where that names the stores', async () => {
    vi.stubEnv('UPSTASH_REDIS_REST_URL', 'https://abc.upstash.io')
    await writeFile(join(dir, 'stack.json'), stack(process.pid))
    expect((await targetOf({ envFile: [] })).variables.UPSTASH_REDIS_REST_URL).toBe('https://abc.upstash.io')
  })
})
