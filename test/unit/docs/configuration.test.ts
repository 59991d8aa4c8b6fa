import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { EDGE_VARIABLES } from '../../../edge/runtime/config.ts'
import { VARIABLES } from '../../../inference-host/config.ts'
import { ERRORS } from '../../../shared/errors.ts'

const page = (name: string) => readFile(new URL(`../../../${name}`, import.meta.url), 'utf8')
const ISSUER_VARIABLES = [
  'FIREBASE_PROJECT_IDS',
  'FIREBASE_JWKS_URL',
  'SUPABASE_URLS',
  'SUPABASE_JWT_SECRETS',
]

/** First cells of the table that follows a marker. */
function firstCells(text: string, marker: string): string[] {
  const [, after = ''] = text.split(marker)
  const [table = ''] = after.trimStart().split('\n\n')
  return [...table.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name ?? '')
}

describe('the documentation', () => {
  it('lists every error code with its status, and no other', async () => {
    const text = await page('docs/errors.md')
    const listed = Object.fromEntries(
      [...text.matchAll(/^\| (\d{3}) +\| `(\w+)` +\|/gm)].map(([, status, code]) => [code, Number(status)]),
    )
    expect(listed).toEqual(
      Object.fromEntries(Object.entries(ERRORS).map(([code, { status }]) => [code, status])),
    )
  })

  it('lists every variable of both hops, and no other', async () => {
    const text = await page('docs/configuration.md')
    expect(firstCells(text, '<!-- edge variables -->').toSorted()).toEqual(
      [...EDGE_VARIABLES, ...ISSUER_VARIABLES].toSorted(),
    )
    expect(firstCells(text, '<!-- host variables -->').toSorted()).toEqual(Object.keys(VARIABLES).toSorted())
  })

  it('states the defaults of the host as the code has them', async () => {
    const text = await page('docs/configuration.md')
    const stated = Object.entries(VARIABLES).filter(([, { fallback, unit }]) => fallback && unit !== 'path')
    expect(stated.map(([name]) => name)).toContain('HOST_PORT')
    for (const [name, { fallback }] of stated)
      expect(text, name).toMatch(new RegExp(`\`${name}\` +\\|[^|]*(\\|[^|]*)?\\| ${fallback} +\\|`))
  })
})
