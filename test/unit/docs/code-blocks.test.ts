import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'oxc-parser'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { suiteOf } from '../../../cli/eval/suite.ts'
import { EDGE_VARIABLES } from '../../../edge/runtime/variables.ts'
import { ModelEntry } from '../../../inference-host/weights/manifest.ts'
import { StartConfig } from '../../../local/settings/schema.ts'
import { Catalog, Model, Plan } from '../../../shared/catalog.ts'
import { catalog } from '../../fixtures/catalog.ts'
import { type Block, blocks, blocksIn, placeOf } from '../../fixtures/commands/blocks.ts'
import { ROOT } from '../../fixtures/pages.ts'

/** JSON as pages show it: members of an object may stand alone, and `"...": "..."` for the others. */
function jsonOf({ text }: Block): Record<string, unknown> {
  const whole = text.trim().startsWith('{') ? text : `{${text.trim().replaceAll(/\n(?=")/g, ',')}}`
  const value = JSON.parse(whole.replaceAll(/,\s*"\.\.\.": "\.\.\."/g, ''))
  return value as Record<string, unknown>
}

/** Tests that read the blocks of SQL and TOML of a page. */
const READ_ELSEWHERE: Readonly<Record<string, string>> = {
  'README.md': 'test/unit/docs/written.slow.test.ts',
  'docs/money.md': 'test/contract/ledger/money-page.test.ts',
  'docs/private-host.md': 'test/unit/docs/written.slow.test.ts',
  'docs/versions.md': 'test/contract/ledger/money-page.test.ts',
  'supabase/README.md': 'test/contract/ledger/money-page.test.ts',
}

const [model] = catalog.models.filter(({ tasks }) => tasks.includes('chat'))
const [plan] = catalog.plans
const key = 'UPSTREAM_KEY_OPENAI'
const openai = { id: 'openai', kind: 'openai', url: 'https://api.openai.com/v1', key }
/** The shipped catalog, with members in the place of those of its chat model or first plan. */
const withModel = (members: object) => {
  const changed = { ...model, tasks: ['chat'], ...members, id: model?.id }
  return { ...catalog, models: catalog.models.map((one) => (one.id === model?.id ? changed : one)) }
}
const withPlan = (members: object) => ({
  ...catalog,
  plans: catalog.plans.map((one) => (one === plan ? { ...one, ...members } : one)),
})

/** What reads the JSON of a page, and words of the block that it reads. */
const READERS: readonly (readonly [
  page: string,
  words: string,
  read: (value: Record<string, unknown>) => unknown,
])[] = [
  ['docs/abuse.md', '"abuse"', (value) => Catalog.parse(withPlan(value))],
  ['docs/cache.md', '"cache"', (value) => Catalog.parse(withModel(value))],
  ['docs/guards.md', '"guards"', (value) => Plan.parse({ ...plan, ...value })],
  [
    'docs/dashboard.md',
    '"publishable_key"',
    (value) => EDGE_VARIABLES.DASHBOARD_SIGN_IN.schema.parse(JSON.stringify(value)),
  ],
  ['docs/media.md', '"whisper"', (value) => ModelEntry.parse(value)],
  ['docs/media.md', '"seeing"', (value) => ModelEntry.parse(value)],
  ['docs/money.md', '"prices"', (value) => Model.parse({ ...model, ...value })],
  [
    'docs/versions.md',
    '"weight": 95',
    (value) => Catalog.parse({ ...withModel(value), upstreams: [openai] }),
  ],
  ['docs/versions.md', '"cases"', (value) => suiteOf(JSON.stringify(value))],
  ['docs/upstreams.md', '"upstreams"', asCatalog],
  ['docs/kubernetes.md', '"upstreams"', asCatalog],
  // Answers, which test/stack asks for.
  ['docs/errors.md', '"request_id"', (value) => value],
  ['docs/jobs.md', '"job_1f0c7a6e', (value) => value],
]

/** Upstreams and models of a page, in the shipped catalog. */
function asCatalog(value: Record<string, unknown>): unknown {
  const [{ id = '', ...members } = {}] = value.models as { id?: string }[]
  const changed = withModel(members)
  return Catalog.parse({
    ...changed,
    upstreams: value.upstreams,
    models: [...changed.models, ...(id === model?.id ? [] : [{ ...model, tasks: ['chat'], ...members, id }])],
  })
}

describe('a block of JSON', () => {
  it.each(blocksIn('json').map((block) => [placeOf(block), block] as const))(
    '%s is what its reader takes',
    (_place, block) => {
      const found = READERS.filter(([page, words]) => block.page === page && block.text.includes(words))
      expect(found).toHaveLength(1)
      const [, , read] = found[0] ?? []
      expect(() => read?.(jsonOf(block))).not.toThrow()
    },
  )
})

describe('a block of code', () => {
  it.each(blocksIn('ts', 'js').map((block) => [placeOf(block), block] as const))(
    '%s parses',
    (_place, block) => {
      // Members of an object, as an example has them for a file of the reader's.
      const isMembers = /^(?:async )?\w+(?:: \{|\(\) \{)/.test(block.text)
      const text = isMembers ? `export default { ${block.text} }` : block.text
      const { errors } = parseSync(`block.${block.language}`, text)
      expect(errors.map(({ message }) => message)).toEqual([])
    },
  )

  it('twohop.config.ts of docs/start.md is one that `npm start` takes', async () => {
    const [block] = blocksIn('ts').filter(
      ({ page, text }) => page === 'docs/start.md' && text.includes('export default'),
    )
    const url = `data:text/javascript,${encodeURIComponent(block?.text ?? '')}`
    const { default: config } = await import(/* @vite-ignore */ url)
    expect(StartConfig.safeParse(config).error).toBeUndefined()
  })

  it('of YAML parses', () => {
    expect(blocksIn('yaml').length).toBeGreaterThan(0)
    for (const { text } of blocksIn('yaml'))
      for (const one of parseAllDocuments(text)) expect('errors' in one && one.errors).toEqual([])
  })

  it('of SQL or TOML is one that a test names by its page', () => {
    const pages = new Set(blocksIn('sql', 'toml').map(({ page }) => page))
    expect([...pages].toSorted()).toEqual(Object.keys(READ_ELSEWHERE).toSorted())
    for (const [page, test] of Object.entries(READ_ELSEWHERE))
      expect(readFileSync(join(ROOT, test), 'utf8'), test).toContain(page)
  })

  it('is of a language that something reads', () => {
    const languages = new Set(blocks.map(({ language }) => language))
    expect([...languages].toSorted()).toEqual(['', 'js', 'json', 'sh', 'sql', 'text', 'toml', 'ts', 'yaml'])
  })
})
