import { describe, expect, it } from 'vitest'
import { ERRORS } from '../../../shared/errors.ts'
import type { PageClaims } from '../../fixtures/figures/claim.ts'
import { constant, numberIn } from '../../fixtures/figures/constants.ts'
import { DASHBOARD_PAGE } from '../../fixtures/figures/dashboard-page.ts'
import { DEPLOYMENT_PAGES } from '../../fixtures/figures/deployment-pages.ts'
import { EDGE_PAGES } from '../../fixtures/figures/edge-pages.ts'
import { HOST_PAGES } from '../../fixtures/figures/host-pages.ts'
import { MEDIA_PAGE } from '../../fixtures/figures/media-page.ts'
import { OTHER_PAGES } from '../../fixtures/figures/other-pages.ts'
import { TELEMETRY_PAGE } from '../../fixtures/figures/telemetry-page.ts'
import { isThere, readPages } from '../../fixtures/pages.ts'

const PAGES: Record<string, PageClaims> = {
  ...EDGE_PAGES,
  ...HOST_PAGES,
  ...OTHER_PAGES,
  'docs/dashboard.md': DASHBOARD_PAGE,
  ...DEPLOYMENT_PAGES,
  'docs/media.md': MEDIA_PAGE,
  'docs/telemetry.md': TELEMETRY_PAGE,
}
/** Pages that are nothing but figures, each with what makes them or holds them. */
const MADE = {
  'docs/anthropic.md': 'test/unit/docs/openai.test.ts',
  'docs/cost.md': 'test/unit/cli/commands/cost.test.ts',
  'docs/benchmarks.md': 'bench/run.ts',
  'docs/clients.md': 'test/unit/docs/clients.test.ts',
  'docs/faults.md': 'test/faults/table.ts',
  'docs/openai.md': 'test/unit/docs/openai.test.ts',
  'docs/start.md': 'test/unit/docs/start.test.ts',
}

const pages = readPages()
/** On one line, without targets of links and numbers of lists, and without what is indented as code. */
const plain = (text: string) =>
  text
    .replaceAll(/^ {4}.*$/gm, '')
    .replaceAll(/^ *\d+\. /gm, '')
    .replaceAll(/\]\([^)\s]*\)/g, ']')
    .replaceAll(/\s+/g, ' ')
const proseOf = (path: string) => pages.find((page) => page.path === path)?.prose ?? ''

/** Sections that other tests read are left out. */
function withoutSections(prose: string, { sections = [] }: PageClaims): string {
  const parts = prose.split(/^(?=#{2,3} )/m)
  return parts
    .filter((part) => !sections.some(({ heading }) => /^#+ (.*)/.exec(part)?.[1] === heading))
    .join('')
}

/** Names that look like figures: statuses, and a cell that is nothing but a number. */
function withoutNames(text: string): string {
  const statuses = new Set([
    '200',
    '201',
    '202',
    ...Object.values(ERRORS).map(({ status }) => String(status)),
  ])
  return text
    .replaceAll(/`[^`]*`/g, (code) => code.replaceAll(/\d/g, '#'))
    .replaceAll(/(?<=\| )[\d.]+(?= \|)/g, '')
    .replaceAll(/(?<![\d,.])\d{3}(?!\d|[,.]\d)/g, (number) => (statuses.has(number) ? '#' : number))
}

const FIGURE = /(?<![\w.#-])[\d¼½][\d,.]*(?:e-\d+)?/g

/** The figures of a page that are in no claim, each with the words around it. */
function unclaimed(text: string, claims: PageClaims['claims']): string[] {
  const rest = claims.reduce((left, { words }) => left.replaceAll(words, ' … '), text)
  const named = withoutNames(rest)
  return [...named.matchAll(FIGURE)].map(({ index }) => named.slice(Math.max(0, index - 50), index + 50))
}

describe.each(Object.entries(PAGES))('%s', (path, page) => {
  const text = plain(withoutSections(proseOf(path), page))

  it('says of each number what the code says', () => {
    expect(page.claims.map(({ words }) => words).filter((words) => !text.includes(words))).toEqual([])
  })

  it('has no figure that nothing holds', () => {
    // Make it of the code's numbers in test/fixtures/figures/, name what holds it there, or say it without a figure.
    expect(unclaimed(text, page.claims)).toEqual([])
  })

  it('names files that are there for what they hold', () => {
    const named = [...page.claims, ...(page.sections ?? [])].flatMap(({ by }) => by ?? [])
    expect(named.filter((file) => !isThere(file, path))).toEqual([])
  })
})

it('every page in docs/, and those that readers see first, are among them', () => {
  const all = pages
    .map(({ path }) => path)
    .filter(
      (path) => path.startsWith('docs/') || ['README.md', 'SECURITY.md', 'CONTRIBUTING.md'].includes(path),
    )
  expect(all.filter((path) => !(path in PAGES) && !(path in MADE))).toEqual([])
  expect(Object.values(MADE).filter((file) => !isThere(file, ''))).toEqual([])
})

it('a status beside a code is that code’s', () => {
  const wrong = pages.flatMap(({ path, prose }) =>
    [...plain(prose).matchAll(/\b([45]\d\d) `(\w+)`/g)]
      .filter(
        ([, status, code = '']) =>
          code in ERRORS && String(ERRORS[code as keyof typeof ERRORS].status) !== status,
      )
      .map(([words]) => `${path}: ${words}`),
  )
  expect(wrong).toEqual([])
})

it('a number of a source is found, whatever it is made of', () => {
  expect(constant('edge/metering/meter.ts', 'MAX_ANSWER_BYTES')).toBe(16 * 1024 * 1024)
  expect(constant('edge/store/lifetimes.ts', 'FULL_ANSWER_KEPT_MS')).toBe(600_000)
  expect(constant('inference-host/residency/prepare.ts', 'SEQ2SEQ_BYTES')).toBe(256 * 2 ** 20)
  expect(() => constant('edge/app.ts', 'NOBODY')).toThrow('edge/app.ts has no number NOBODY')
  expect(() => numberIn('edge/app.ts', /nothing (\d+)/)).toThrow('edge/app.ts has nothing like')
})

it('figures are found, names are not', () => {
  const text = 'for 24 h, 1,000 of them, ¼ and 1e-3; 404 `not_found`, 503, SHA-256, `n: 2`, | 512 | '
  expect(unclaimed(text, [{ words: '24 h' }]).length).toBe(3)
})
