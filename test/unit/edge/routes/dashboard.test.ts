import { Hono } from 'hono'
import { expect, it, vi } from 'vitest'
import { addRoutes } from '../../../../edge/routes/add-routes.ts'
import { type DashboardOptions, dashboardRoutes } from '../../../../edge/routes/dashboard.ts'
import type { Env } from '../../../../edge/routes/env.ts'
import { TwohopError } from '../../../../shared/errors.ts'

const FILES: Readonly<Record<string, string>> = { 'index.html': '<p>', 'app.js': 'let a', 'app.css': 'p{}' }
const file = vi.fn<DashboardOptions['file']>(async (name) => {
  const text = FILES[name]
  return text === undefined ? undefined : new TextEncoder().encode(text)
})
const supabase = { url: 'https://abc.supabase.co', publishable_key: 'sb_publishable_x' }

function appOf(options: DashboardOptions) {
  const app = new Hono<Env>({ strict: false })
  addRoutes(app, dashboardRoutes(options))
  return app.onError((error, c) => c.text(error instanceof TwohopError ? error.code : `${error}`, 404))
}
const app = appOf({ file, signIn: { supabase } })

it.each([
  ['/dashboard', 'index.html', 'text/html; charset=utf-8'],
  ['/dashboard/app.js', 'app.js', 'text/javascript; charset=utf-8'],
  ['/dashboard/app.css', 'app.css', 'text/css; charset=utf-8'],
])('%s is %s, under headers that let nothing else run', async (path, name, type) => {
  const answer = await app.request(path)
  expect(await answer.text()).toBe(FILES[name])
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': type,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      'img-src data:',
      "connect-src 'self' https://abc.supabase.co",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join('; '),
  })
})

it('is read once, and given again only where it has changed', async () => {
  const tag = (await app.request('/dashboard')).headers.get('etag') ?? ''
  file.mockClear()
  expect((await app.request('/dashboard', { headers: { 'if-none-match': tag } })).status).toBe(304)
  expect(file).not.toHaveBeenCalled()
})

it('a slash at the end leads to the address beside which its parts lie, wherever the edge is', async () => {
  const answer = await app.request('/dashboard/')
  expect([answer.status, answer.headers.get('location')]).toEqual([308, '../dashboard'])
  expect(new URL('../dashboard', 'https://a.example/edge/dashboard/').pathname).toBe('/edge/dashboard')
})

it('says where users sign in, with public keys alone', async () => {
  expect(await (await app.request('/dashboard/sign-in.json')).json()).toEqual({
    object: 'dashboard.sign_in',
    firebase: null,
    supabase: { token: 'https://abc.supabase.co/auth/v1/token', key: 'sb_publishable_x' },
  })
})

it('what was not built is not there, and is looked for again', async () => {
  let built = false
  const later = appOf({ file: async (name) => (built ? file(name) : undefined), signIn: {} })
  expect(await (await later.request('/dashboard')).text()).toBe('not_found')
  built = true
  expect((await later.request('/dashboard')).status).toBe(200)
})
