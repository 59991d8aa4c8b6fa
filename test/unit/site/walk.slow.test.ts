import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { expect, it } from 'vitest'
import { groups, nameOf, titleOf } from '../../../site/sidebar.ts'
import { answering } from '../../fixtures/answering.ts'
import { noChromium, startChromium } from '../../fixtures/browser/chromium.ts'
import { ROOT } from '../../fixtures/pages.ts'

// The built site in a browser. It is built by `npm run build:site`, which installs a generator of its own, so that this
// runs where that was done: in the job that builds it.

const DIST = join(ROOT, 'site/dist')
const notBuilt = existsSync(join(DIST, 'index.html')) ? '' : ' (the site is not built: npm run build:site)'
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
}
const pages = groups.flatMap((group) => group.pages)
const pathOf = (page: string) => (page === 'README.md' ? '/' : `/${nameOf(page)}.html`)

/** Serves the site as any server of files does. @returns its address, and what it had no file for */
async function serveSite(): Promise<{ url: string; missing: string[] }> {
  const missing: string[] = []
  const url = await answering(async ({ url: asked = '/' }, answer) => {
    const { pathname } = new URL(asked, 'http://site')
    const path = join(DIST, decodeURIComponent(pathname === '/' ? '/index.html' : pathname))
    const bytes = await readFile(path).catch(() => undefined)
    if (bytes === undefined && pathname !== '/favicon.ico') missing.push(pathname)
    answer.writeHead(bytes ? 200 : 404, {
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
    })
    answer.end(bytes)
  })
  return { url, missing }
}

it.skipIf(noChromium || notBuilt)(
  `every page of the site loads by itself, with its pictures, the whole sidebar and a search, in light and dark${noChromium}${notBuilt}`,
  async () => {
    const { url, missing } = await serveSite()
    const page = await (await startChromium()).open(url)
    const elsewhere = new Set<string>()
    for (const one of pages) {
      await page.go(`${url}${pathOf(one)}`)
      await page.until(
        `document.querySelector('h1') !== null && [...document.images].every((image) => image.complete)`,
      )
      const seen = await page.evaluate<{ title: string; broken: string[]; loaded: string[] }>(`({
        title: document.querySelector('h1').textContent,
        broken: [...document.images].filter((image) => image.naturalWidth === 0).map((image) => image.src),
        loaded: performance.getEntriesByType('resource').map((entry) => entry.name),
      })`)
      expect(seen.title, one).toContain(titleOf(one).replaceAll('`', ''))
      expect(seen.broken, one).toEqual([])
      for (const name of seen.loaded)
        if (!name.startsWith(url) && !name.startsWith('data:')) elsewhere.add(name)
    }
    expect([...elsewhere]).toEqual([])
    expect(missing).toEqual([])

    const listed = await page.evaluate<string[]>(
      `[...document.querySelectorAll('.rp-sidebar a, .rp-doc-layout__sidebar a')].map((link) => new URL(link.href).pathname)`,
    )
    expect(
      pages.map(pathOf).filter((path) => !listed.some((one) => one.replace(/\/index\.html$/, '/') === path)),
    ).toEqual([])

    // The button stands in the page before the script that hears it.
    await page.until(
      `document.querySelector('.rp-search-panel__input') ?? void document.querySelector('.rp-search-button').click()`,
    )
    await page.type('.rp-search-panel__input', 'budget_minute_exhausted')
    await page.until(`document.querySelectorAll('.rp-suggest-item').length > 0`)

    const background = () =>
      page.evaluate<string>(
        `getComputedStyle(document.documentElement).backgroundColor + getComputedStyle(document.body).backgroundColor`,
      )
    await page.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: 'light' }],
    })
    await page.go(`${url}/`)
    const light = await background()
    await page.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: 'dark' }],
    })
    await page.go(`${url}/`)
    await page.until(`document.documentElement.classList.contains('dark')`)
    expect(await background()).not.toBe(light)
  },
  300_000,
)
