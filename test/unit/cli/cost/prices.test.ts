import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { priceBook } from '../../../../cli/cost/price-book.ts'
import prices from '../../../../cli/cost/prices.json' with { type: 'json' }
import { ROOT } from '../../../fixtures/pages.ts'

/** The price file with something changed in it. */
function changed(change: (book: typeof prices) => void) {
  const copy = structuredClone(prices)
  change(copy)
  return () => priceBook(copy)
}

describe('the price file', () => {
  it('has at least four combinations, and every service is from a page that was seen by the day it was checked', () => {
    const book = priceBook(prices)
    expect(book.combinations.length).toBeGreaterThanOrEqual(4)
    const used = new Set(book.services.flatMap(({ sources }) => sources))
    expect([...used].toSorted()).toEqual(Object.keys(book.sources).toSorted())
    for (const { seen } of Object.values(book.sources)) expect(seen <= book.checked).toBe(true)
  })

  it('names for each combination pages that are there, down to the heading', () => {
    const slug = (heading: string) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')
    for (const { id, recipes } of priceBook(prices).combinations)
      for (const recipe of recipes) {
        const [file = '', anchor] = recipe.split('#')
        const headings = [...readFileSync(join(ROOT, 'docs', file), 'utf8').matchAll(/^#+ (.*)$/gm)]
        const slugs = headings.map(([, heading]) => slug(heading ?? ''))
        expect(anchor === undefined || slugs.includes(anchor), `${id}: ${recipe}`).toBe(true)
      }
  })

  it.each([
    [
      'a price with seven places',
      changed(({ services }) => Object.assign(services[0] ?? {}, { monthly: '0.0000001' })),
    ],
    [
      'a source that is not there',
      changed(({ services }) => Object.assign(services[0] ?? {}, { sources: ['nowhere'] })),
    ],
    [
      'a page that is not https',
      changed(({ sources }) => Object.assign(sources.modal, { page: 'http://modal.com/' })),
    ],
    [
      'a combination that no page says how to deploy',
      changed(({ combinations }) => Object.assign(combinations[0] ?? {}, { recipes: [] })),
    ],
    ['a service twice', changed(({ services }) => void services.push(structuredClone(services[0] as never)))],
    [
      'a container that is not there',
      changed(({ combinations }) => Object.assign(combinations[0] ?? {}, { container: 'gone' })),
    ],
    [
      'a plan bought twice',
      changed(({ combinations }) => void combinations[0]?.services.push(['workers-paid'])),
    ],
    [
      'a meter that two services would give free',
      changed(({ combinations }) => void combinations[0]?.services.push(['supabase-pro-with-functions'])),
    ],
    [
      'an always-on container that scales',
      changed(({ alwaysOn }) => Object.assign(alwaysOn, { cpu: 'cloud-run-cpu' })),
    ],
  ])('is refused with %s', (_, read) => {
    expect(read).toThrow(expect.objectContaining({ code: 'bad_prices' }))
  })
})
