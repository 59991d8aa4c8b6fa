import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, it } from 'vitest'
import { buildDashboard } from '../../../dashboard/build.ts'
import document from '../../../edge/routes/openapi.json' with { type: 'json' }

/** The most bytes, gzipped, of all that a browser loads. */
const MOST_BYTES = 80 * 1024

const folder = await mkdtemp(join(tmpdir(), 'dashboard-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const out = join(folder, 'built')
// Two at once leave whole files and nothing else.
await Promise.all([buildDashboard(out), buildDashboard(out)])
const texts = new Map<string, string>()
for (const name of await readdir(out))
  if (name !== 'openapi.json') texts.set(name, await readFile(join(out, name), 'utf8'))

it('is three files beside the OpenAPI document, and nothing is left of how they came to be', async () => {
  expect([...texts.keys()].toSorted()).toEqual(['app.css', 'app.js', 'index.html'])
  expect(JSON.parse(await readFile(join(out, 'openapi.json'), 'utf8'))).toEqual(document)
  expect(await readdir(folder)).toEqual(['built'])
})

it('is small', () => {
  const bytes = [...texts.values()].reduce((sum, text) => sum + gzipSync(text).length, 0)
  expect(bytes).toBeLessThan(MOST_BYTES)
  // A bound far above it would say nothing.
  expect(bytes).toBeGreaterThan(MOST_BYTES * 0.7)
})

it('loads nothing from elsewhere, and has no script or style of its own in the page', () => {
  const html = texts.get('index.html') ?? ''
  expect(html).not.toMatch(
    /https?:(?!\/\/www\.w3\.org\/2000\/svg)|<style|style=|<script(?! type="module" src)|\son\w+=/,
  )
  const css = texts.get('app.css') ?? ''
  expect(css).not.toMatch(/@import|@font-face|url\((?!"?data:)/)
})

it('writes nothing as markup but what Preact itself has for those who ask for it', () => {
  const script = texts.get('app.js') ?? ''
  expect(script).not.toMatch(/outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/)
  expect(script).not.toMatch(/localStorage|indexedDB|document\.cookie/)
  expect(script.match(/innerHTML/g)?.length).toBe(INNER_HTML_IN_PREACT)
})

/** In Preact, for `dangerouslySetInnerHTML`, which this page never uses. */
const INNER_HTML_IN_PREACT = 2
