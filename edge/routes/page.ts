import type { Context } from 'hono'
import { cached } from './cached.ts'
import { BODY, SCRIPT, STYLE } from './page-text.ts'
import { ROUTE_NAMES, ROUTES } from './table.ts'

/** What CSP allows by its content (w3.org/TR/CSP3, section 2.3.1). */
async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
}

/** Where the routes' words begin. */
const WORDS_AT = 51

/**
 * What the page begins with, for whoever is shown its source: Supabase sends pages of functions as text/plain where the
 * project has no domain of its own (supabase.com/docs/guides/functions/limits).
 */
function asText(): string {
  const routes = ROUTE_NAMES.map((name) => `${name.padEnd(WORDS_AT)}${ROUTES[name].says}`)
  return `<!--
Twohop: a page with a form to try what is here. Where you see this text, your platform shows pages as text.
Then read openapi.json beside this address in any viewer of OpenAPI documents. In short:

${routes.join('\n')}
-->`
}

/** The page, and headers under which nothing runs in it but its own script, and nobody frames it. */
async function makePage() {
  const [script, style] = await Promise.all([hashOf(SCRIPT), hashOf(STYLE)])
  const html = `${asText()}
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Twohop</title>
<style>${STYLE}</style>
<body>${BODY}<script>${SCRIPT}</script>
`
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${script}'`,
    `style-src 'sha256-${style}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  }
  return { html, headers, tag: `"${await hashOf(html)}"` }
}

/** A value, not a promise: on workerd one that another request has made may never settle. */
let page: Awaited<ReturnType<typeof makePage>> | undefined

/** `GET /docs`: what there is, readable, with a form to try it. The same of every edge. */
export async function pageRoute(c: Context): Promise<Response> {
  page ??= await makePage()
  const { html, headers, tag } = page
  return cached(c, tag, () => c.body(html, 200, headers))
}
