import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { COLUMNS, recordingOf, withoutLongPauses } from '../../../../site/recording/svg.ts'
import { ROOT } from '../../../fixtures/pages.ts'

it('draws each line at its time, in its place, with nothing of it read as markup', () => {
  const svg = recordingOf(
    [
      { at: 0, text: '$ npm start', typed: true },
      { at: 900, text: '<script>"a" & b</script>' },
    ],
    'a "terminal"',
  )
  expect(svg).toContain('aria-label="a &quot;terminal&quot;"')
  expect(svg).toContain('class="typed" style="animation-delay:0ms">$ npm start</text>')
  expect(svg).toContain('animation-delay:900ms">&lt;script&gt;&quot;a&quot; &amp; b&lt;/script&gt;</text>')
})

it('cuts what is wider than the terminal', () => {
  const svg = recordingOf([{ at: 0, text: 'x'.repeat(500) }], '')
  expect(svg).toContain(`>${'x'.repeat(COLUMNS - 1)}…</text>`)
})

it('shortens long pauses, and keeps short ones', () => {
  const lines = [0, 100, 5100, 5200].map((at) => ({ at, text: '' }))
  expect(withoutLongPauses(lines, 900).map(({ at }) => at)).toEqual([0, 100, 1000, 1100])
})

it('docs/pictures/start.svg is light, loads nothing, and shows each part and an answer', () => {
  const file = join(ROOT, 'docs/pictures/start.svg')
  expect(statSync(file).size).toBeLessThan(60_000)
  const svg = readFileSync(file, 'utf8')
  expect(svg).not.toMatch(/<script|href=|url\(|@import/)
  for (const part of ['redis', 'issuer', 'postgres', 'host', 'edge'])
    expect(svg).toMatch(new RegExp(`>${part} `))
  for (const typed of ['$ npm start', '$ curl -N http://127.0.0.1:8787/']) expect(svg).toContain(`>${typed}`)
  expect(svg).toContain('>data: [DONE]</text>')
  expect(svg).not.toMatch(/Bearer [\w-]{20}/)
})
