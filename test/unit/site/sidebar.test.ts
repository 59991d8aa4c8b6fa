import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { groups, nameOf, titleOf } from '../../../site/sidebar.ts'
import { filesLike, ROOT } from '../../fixtures/pages.ts'

const pages = groups.flatMap((group) => group.pages)

it('has every page of docs/', () => {
  const docs = filesLike('docs/*.md')
  expect(docs.length).toBeGreaterThan(25)
  expect(docs.filter((page) => !pages.includes(page))).toEqual([])
})

it('has pages that are there, each once, and under a name of its own', () => {
  expect(pages.filter((page) => !existsSync(join(ROOT, page)))).toEqual([])
  expect(pages.length).toBe(new Set(pages).size)
  expect(new Set(pages.map(nameOf)).size).toBe(pages.length)
})

it('begins with the first steps and ends with what is looked up', () => {
  expect(groups.map(({ text }) => text)).toEqual([
    'Quickstart',
    'Concepts',
    'Runtimes',
    'Bring your own model',
    'Clients',
    'OpenAI and Anthropic, differences',
    'Money',
    'Security',
    'Operations',
    'Questions',
    'Reference',
  ])
  expect(nameOf(pages[0] ?? '')).toBe('index')
})

it('calls a page as its first heading does', () => {
  expect(titleOf('docs/money.md')).toBe('How money is counted')
  expect(pages.filter((page) => titleOf(page) === page)).toEqual([])
})
