import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROOT } from '../../../fixtures/pages.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twohop-typed-'))
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

const env = {
  ...process.env,
  UPSTASH_REDIS_REST_TOKEN: 'a-token==',
  WRANGLER_SEND_METRICS: 'false',
  NO_COLOR: '1',
}
const COMMAND = join(ROOT, 'cli/twohop.ts')

it('wrangler takes what `npx twohop init` wrote, as the command that it prints has it', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      ...[COMMAND, 'init', '--yes', '--out', folder, '--firebase-project', 'my-project'],
      ...[
        '--origin',
        'moz-extension://*',
        '--redis-url',
        'https://abc.upstash.io',
        '--host-url',
        'https://h.example',
      ],
    ],
    { cwd: ROOT, env },
  )
  const printed = /npx wrangler (deploy .*)/.exec(stdout)?.[1]?.replaceAll('""', '') ?? ''
  expect(printed).toContain(`--secrets-file ${join(folder, '.env.secrets')}`)
  const deployed = await promisify(execFile)(
    join(ROOT, 'node_modules/.bin/wrangler'),
    [...printed.split(' '), '--dry-run', '--outdir', join(folder, 'dist')],
    { cwd: ROOT, env },
  )
  expect(deployed.stdout).toContain('env.HOST_URL ("https://h.example")')
  for (const name of ['UPSTASH_REDIS_REST_TOKEN', 'SERVICE_TOKEN_PRIVATE_KEY', 'API_KEY_SECRETS'])
    expect(deployed.stdout).toContain(`env.${name} ("(hidden)")`)
})

it('asks nothing where the input is no terminal, and ends', async () => {
  const child = spawn(process.execPath, [COMMAND, 'init'], { cwd: ROOT, env, stdio: 'pipe' })
  let err = ''
  child.stderr.on('data', (piece) => {
    err += piece
  })
  // The input stays open: nobody reads it.
  const [code] = await once(child, 'close')
  expect(code).toBe(2)
  expect(err).toContain('say --sign-in, --runtime, --model, --origin;')
})
