import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { describe, expect, inject, it } from 'vitest'
import { openApiRoute } from '../../edge/routes/openapi-route.ts'
import { pageRoute } from '../../edge/routes/page.ts'
import { readBundledDocument } from '../../edge/runtime/bundled-document.ts'
import { answering } from '../fixtures/answering.ts'
import { noChromium, startChromium } from '../fixtures/browser/chromium.ts'
import { IN_A_BROWSER_MS, slowly } from '../fixtures/pace.ts'
import { CHAT, call, newUser, stack } from '../fixtures/stack/client.ts'

const HOSTILE = '<img src=x onerror="document.title=`run`"><script>document.title="run"</script>'

/** The page before an edge whose model writes markup. */
async function hostile(): Promise<string> {
  const chunk = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: HOSTILE } }] })}\n\ndata: [DONE]\n\n`
  const app = new Hono()
    .get('/docs', pageRoute)
    .get('/openapi.json', openApiRoute(readBundledDocument))
    .post('/v1/chat/completions', (c) => c.body(chunk, 200, { 'content-type': 'text/event-stream' }))
    .get('/frame', (c) => c.html('<iframe src="/docs"></iframe>'))
    .all('*', (c) => c.json({ error: { message: HOSTILE } }, 404))
  return answering(getRequestListener(app.fetch))
}

describe.skipIf(noChromium !== '')(`the page at /docs in Chromium${noChromium}`, () => {
  it('lists what there is, and streams an answer token by token to whoever has a token', async () => {
    const { token } = await newUser('pro')
    const page = await (await startChromium()).open(`${stack.edge.url}/docs`)
    await page.until(`document.querySelectorAll('details').length > 20`)
    expect(await page.text('#routes')).toContain('/v1/chat/completions')
    await page.type('#token', token)
    await page.press('Tab')
    await page.until(`document.querySelector('#body').value.includes(${JSON.stringify(CHAT)})`)
    await page.evaluate(`void (() => {
      window.seen = new Set()
      new MutationObserver(() => seen.add(document.querySelector('#answer').textContent.length))
        .observe(document.querySelector('#answer'), { childList: true, characterData: true, subtree: true })
    })()`)
    // Each token comes by itself then, however quick the machine is.
    await slowly(
      inject('pace'),
      async () => {
        await page.click('#send')
        await page.until(
          `document.querySelector('#status').textContent.startsWith('200') && document.querySelector('#stop').disabled`,
        )
      },
      IN_A_BROWSER_MS,
    )
    expect((await page.text('#answer')).length).toBeGreaterThan(10)
    expect(await page.evaluate<number>('seen.size')).toBeGreaterThan(3)
    expect(
      await page.evaluate(`document.cookie + Object.keys(localStorage) + Object.keys(sessionStorage)`),
    ).toBe('')
    expect(page.errors).toEqual([])
  })

  it('shows a refusal with what the headers say, and sends to no other address', async () => {
    const page = await (await startChromium()).open(`${stack.edge.url}/docs`)
    await page.until(`document.querySelectorAll('details').length > 20`)
    await page.click('#send')
    await page.until(`document.querySelector('#answer').textContent.includes('token_missing')`)
    expect(await page.text('#status')).toMatch(/^401\n.*x-should-retry: false/s)
    for (const path of ['//evil.example/v1/models', 'https://evil.example/', '@evil.example/']) {
      await page.type('#path', path)
      await page.click('#send')
      await page.until(`document.querySelector('#status').textContent.includes('begins with one slash')`)
    }
    const elsewhere = page.evaluate(`fetch('${stack.redis.url}', { mode: 'no-cors' })`)
    await expect(elsewhere).rejects.toThrow('Failed to fetch')
  })

  it('writes what a model says as text, and is framed by nobody', async () => {
    const url = await hostile()
    const browser = await startChromium()
    const page = await browser.open(`${url}/docs`)
    await page.until(`document.querySelectorAll('details').length > 20`)
    await page.click('#send')
    await page.until(`document.querySelector('#answer').textContent !== ''`)
    expect(await page.text('#answer')).toBe(HOSTILE)
    await page.type('#path', '/v1/nothing')
    await page.click('#send')
    await page.until(`document.querySelector('#status').textContent.startsWith('404')`)
    await page.until(`document.querySelector('#answer').textContent !== ''`)
    expect(await page.text('#answer')).toContain('onerror')
    expect(await page.evaluate('[document.title, document.querySelectorAll("img").length]')).toEqual([
      'Twohop',
      0,
    ])
    const frame = await browser.open(`${url}/frame`)
    // A page that was refused is of no origin.
    await frame.until(`document.querySelector('iframe').contentDocument === null`)
    expect(frame.errors.join()).toContain('frame-ancestors')
  })
})

it('a page of the own origin may ask without being on the list of origins; one from elsewhere says so in vain', async () => {
  const { token } = await newUser('pro')
  const from = (origin: string, site: string) =>
    call('/v1/models', { token, headers: { origin, 'sec-fetch-site': site } })
  expect((await from(stack.edge.url, 'same-origin')).status).toBe(200)
  expect((await from('https://evil.example', 'cross-site')).status).toBe(403)
  expect((await from('https://evil.example', 'same-site')).status).toBe(403)
})
