import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as client from '../../../client/index.ts'
import { rateHeaders } from '../../../edge/access/rate-headers.ts'
import { errorResponse, TwohopError } from '../../../shared/errors.ts'
import { ROOT } from '../../fixtures/pages.ts'

const CHROMIUM = '/usr/bin/chromium'
const noChromium = existsSync(CHROMIUM) ? '' : ` (${CHROMIUM} is missing: apt-get install chromium)`
const MODULE = path.join(ROOT, 'client/dist/index.js')
const run = (command: string, args: string[], cwd = ROOT) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' })

let folder: string
beforeAll(async () => {
  run('npm', ['run', 'build:client'])
  folder = await mkdtemp(path.join(tmpdir(), 'client-'))
})
// Processes of a browser that was stopped may still write into its profile.
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

describe('the built package', () => {
  it('has at most 3 kB gzipped, and the exports of its source', async () => {
    const built = await readFile(MODULE)
    expect(gzipSync(built).length).toBeLessThanOrEqual(3000)
    expect(Object.keys(await import(MODULE)).sort()).toEqual(Object.keys(client).sort())
  })

  it('brings its module, its types and no dependency', async () => {
    const [packed] = JSON.parse(run('npm', ['pack', '--dry-run', '--json', './client']))
    const files = (packed.files as { path: string }[]).map((file) => file.path)
    expect(
      files.filter((file) => !/^dist\/types\/(client|shared)\/[\w-]+\.d\.ts$/.test(file)).sort(),
    ).toEqual(['dist/index.js', 'package.json'])
    const own = JSON.parse(await readFile(path.join(ROOT, 'client/package.json'), 'utf8'))
    expect(Object.keys(own).filter((name) => /dependencies/i.test(name))).toEqual([])
    expect(files).toContain(path.normalize(own.exports['.'].types))
  })

  it.each([
    ['NodeNext', 'NodeNext'],
    ['ESNext', 'Bundler'],
  ])('has types that an app of module %s reads, the codes among them', async (module, resolution) => {
    const app = await mkdtemp(path.join(folder, `${module}-`))
    await mkdir(path.join(app, 'node_modules/@twohop'), { recursive: true })
    await symlink(path.join(ROOT, 'client'), path.join(app, 'node_modules/@twohop/client'), 'junction')
    await writeFile(path.join(app, 'package.json'), '{"type":"module"}')
    await writeFile(
      path.join(app, 'app.ts'),
      `import { type Budget, type ErrorCode, readError, twohopFetch } from '@twohop/client'
       const busy: ErrorCode = 'host_busy'
       // @ts-expect-error A client never sees it.
       const hidden: ErrorCode = 'service_token_missing'
       const left = ({ day }: Budget) => day.remaining
       export const call: typeof fetch = twohopFetch(async () => 'token', { edge: 'https://a.example', onBudget: left })
       export const read = async (thrown: unknown) => [busy, hidden].includes((await readError(thrown))?.code as ErrorCode)`,
    )
    const flags = ['--strict', '--noEmit', '--types', '', '--lib', 'ES2022,DOM', '--module', module]
    expect(run('tsc', [...flags, '--moduleResolution', resolution, 'app.ts'], app)).toBe('')
  })
})

describe('in the service worker of a Manifest V3 extension', () => {
  it.skipIf(noChromium)(`keeps the token fresh and reads what the edge says${noChromium}`, async () => {
    const own = await mkdtemp(path.join(folder, 'worker-'))
    const extension = path.join(own, 'extension')
    const sent: (string | undefined)[] = []
    const { promise: seen, resolve: see } = Promise.withResolvers<unknown>()
    const server = createServer(async (request, answer) => {
      if (request.url === '/seen') {
        let text = ''
        for await (const chunk of request) text += chunk
        answer.end()
        return see(JSON.parse(text))
      }
      sent.push(request.headers.authorization)
      const code = request.headers.authorization === 'Bearer old' ? 'token_expired' : 'budget_exhausted'
      const refused = errorResponse(new TwohopError(code, 'No.'), 'request-1')
      answer.writeHead(refused.status, { ...Object.fromEntries(refused.headers), ...rateHeaders(ALLOWANCE) })
      answer.end(await refused.text())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const edge = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await mkdir(extension)
    await copyFile(MODULE, path.join(extension, 'client.js'))
    await writeFile(
      path.join(extension, 'manifest.json'),
      JSON.stringify({
        manifest_version: 3,
        name: 'client',
        version: '1',
        host_permissions: ['http://127.0.0.1/*'],
        background: { service_worker: 'worker.js', type: 'module' },
      }),
    )
    await writeFile(
      path.join(extension, 'worker.js'),
      `import { readError, twohopFetch } from './client.js'
       const edge = '${edge}'
       const seen = { page: [typeof window, typeof document, typeof localStorage] }
       const call = twohopFetch(async ({ forceRefresh }) => (forceRefresh ? 'fresh' : 'old'), {
         edge,
         onBudget: (budget) => Object.assign(seen, { budget }),
       })
       call(edge + '/v1/chat/completions', { method: 'POST', body: '{}' })
         .then(readError)
         .then((error) => Object.assign(seen, { error }), (error) => Object.assign(seen, { failed: String(error) }))
         .then(() => fetch(edge + '/seen', { method: 'POST', body: JSON.stringify(seen) }))`,
    )
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync']
    const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-quic']
    const load = [`--disable-extensions-except=${extension}`, `--load-extension=${extension}`]
    const profile = `--user-data-dir=${path.join(own, 'profile')}`
    const browser = spawn(CHROMIUM, [...flags, ...quiet, ...load, profile, 'about:blank'], {
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => browser.once('exit', resolve))
    try {
      expect(await seen).toEqual({
        page: ['undefined', 'undefined', 'undefined'],
        budget: client.readBudget(new Headers(rateHeaders(ALLOWANCE))),
        error: { code: 'budget_exhausted', message: 'No.', requestId: 'request-1', status: 403 },
      })
      expect(sent).toEqual(['Bearer old', 'Bearer fresh'])
    } finally {
      browser.kill()
      await ended
      server.close()
    }
  })
})

const window = { limit: 10, used: 9, held: 0, resetMs: 1000 }
const ALLOWANCE = {
  requests: { limit: 10, remaining: 9, resetMs: 1000 },
  budgets: { minute: window, day: window, month: window },
}
