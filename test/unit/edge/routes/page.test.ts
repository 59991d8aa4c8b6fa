import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { pageRoute } from '../../../../edge/routes/page.ts'
import { ROUTE_NAMES, ROUTES } from '../../../../edge/routes/table.ts'

const app = new Hono().get('/docs', pageRoute)
const answer = await app.request('/docs')
const html = await answer.text()
const policy = answer.headers.get('content-security-policy')?.split('; ') ?? []

const hashOf = (element: string) => {
  const [, text = ''] = new RegExp(`<${element}>([\\s\\S]*)</${element}>`).exec(html) ?? []
  return `${element}-src 'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

it('runs its own script and style alone, sends to its own origin alone, and is framed by nobody', () => {
  expect(policy).toEqual([
    "default-src 'none'",
    hashOf('script'),
    hashOf('style'),
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ])
  expect(answer.headers.get('x-frame-options')).toBe('DENY')
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
})

it('asks no other server for anything, stores nothing, and writes what it gets as text', () => {
  expect(html).not.toMatch(/https?:|src=|@import|url\(/)
  expect(html).not.toMatch(/innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|\son\w+=/)
  expect(html).not.toMatch(/localStorage|sessionStorage|indexedDB|document\.cookie|caches\b/)
})

it('is of use to whoever is shown its source as text', () => {
  const [, text = ''] = /^<!--\n([\s\S]*?)-->\n<!doctype html>\n<html/.exec(html) ?? []
  for (const name of ROUTE_NAMES) {
    const line = text.split('\n').find((each) => each.startsWith(`${name} `))
    expect(line?.slice(name.length).trim()).toBe(ROUTES[name].says)
  }
  // Nothing in it ends the comment early.
  expect(text).not.toMatch(/--|^>/)
})

it('is given again only where it has changed', async () => {
  const tag = answer.headers.get('etag') ?? ''
  expect(tag).toMatch(/^"[\x21-\x7e]+"$/)
  expect((await app.request('/docs', { headers: { 'if-none-match': tag } })).status).toBe(304)
})
