import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { foreignIn } from '../../../site/foreign.ts'
import { ROOT } from '../../fixtures/pages.ts'

it.each([
  ['a.html', '<script src="https://cdn.example/x.js"></script>', 'https://cdn.example/x.js'],
  ['a.html', '<link rel=stylesheet href=//fonts.example/css>', '//fonts.example/css'],
  ['a.html', '<img alt="" src="https://pictures.example/p.png">', 'https://pictures.example/p.png'],
  ['a.html', '<style>@import "https://fonts.example/f.css";</style>', 'https://fonts.example/f.css'],
  ['a.css', 'src: url(https://fonts.example/f.woff2)', 'https://fonts.example/f.woff2'],
  ['a.js', 'fetch(`https://count.example/hit`)', 'https://count.example/hit'],
])('finds what %s would load: %s', (name, text, url) => {
  expect(foreignIn(name, text)).toEqual([url])
})

it.each([
  ['a.html', '<a href="https://upstash.com">Upstash</a><script src="/static/x.js"></script>'],
  ['a.html', '<meta name="description" content="see https://a.example">'],
  ['a.css', 'src: url(data:font/woff2;base64,AAAA)'],
  ['a.js', 'const ns = "http://www.w3.org/2000/svg"; fetch("/static/search_index.json")'],
])('takes no link for it: %s %s', (name, text) => {
  expect(foreignIn(name, text)).toEqual([])
})

it('asks nobody for stars: the settings name no repository', () => {
  const settings = readFileSync(join(ROOT, 'site/rspress.config.ts'), 'utf8')
  expect(settings).not.toMatch(/socialLinks|github/i)
})
