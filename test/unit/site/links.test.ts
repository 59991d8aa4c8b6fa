import { expect, it } from 'vitest'
import { onSite, sourceOf } from '../../../site/links.ts'

const options = {
  pages: ['README.md', 'docs/money.md', 'supabase/README.md'],
  source: 'https://code.example/blob/1',
  isThere: (path: string) => !path.includes('gone'),
}
const changed = (text: string, changes: Partial<typeof options> = {}) =>
  onSite('docs/start.md', text, { ...options, ...changes })

it.each([
  ['[money](money.md#units)', '[money](./money.md#units)'],
  ['[home](../README.md#going-to-production)', '[home](./index.md#going-to-production)'],
  ['[the `ledger`](../supabase)', '[the `ledger`](./supabase.md)'],
  ['[compose](../deploy/compose.yaml)', '[compose](https://code.example/blob/1/deploy/compose.yaml)'],
  ['[here](#below), [there](https://a.example/x.md)', '[here](#below), [there](https://a.example/x.md)'],
  ['```sh\n[a](../gone.md)\n```\n', '```sh\n[a](../gone.md)\n```\n'],
])('%s becomes %s', (text, expected) => {
  expect(changed(text).text).toBe(expected)
})

it('leaves the words of a link that would lead nowhere', () => {
  const { text } = onSite('docs/start.md', 'by [compose](../deploy/compose.yaml)', {
    ...options,
    source: undefined,
  })
  expect(text).toBe('by compose')
})

it('takes images along, and refuses a link to a file that is not there', () => {
  const { text, images } = changed('![Panel](../examples/panel.webp)')
  expect(text).toBe('![Panel](./examples-panel.webp)')
  expect([...images]).toEqual([['examples/panel.webp', 'examples-panel.webp']])
  expect(() => changed('[x](gone.md)')).toThrow('docs/start.md links to gone.md, which is not there')
})

it('knows where files are shown from GitHub, or from whoever builds it', () => {
  const run = { GITHUB_SERVER_URL: 'https://git.example', GITHUB_REPOSITORY: 'a/b', GITHUB_SHA: 'c' }
  expect(sourceOf(run)).toBe('https://git.example/a/b/blob/c')
  expect(sourceOf({ ...run, SITE_SOURCE: 'https://code.example/' })).toBe('https://code.example')
  expect(sourceOf({})).toBeUndefined()
})
