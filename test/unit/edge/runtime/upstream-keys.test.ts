import { expect, it } from 'vitest'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { catalog } from '../../../fixtures/catalog.ts'
import { EDGE_VARIABLES_SET } from '../../../fixtures/edge-variables.ts'

const KEY = 'sk-canary-of-an-upstream'
const openai = { id: 'openai', kind: 'openai', url: 'https://api.openai.com/v1', key: 'UPSTREAM_KEY_OPENAI' }

/** The keys of an edge whose catalog has these upstreams; what is complained of, where it does not start. */
function keysOf(upstream: object, variables: Record<string, string> = {}) {
  const CATALOG = JSON.stringify({ ...catalog, upstreams: [{ ...openai, ...upstream }] })
  try {
    return Object.fromEntries(edgeConfig({ ...EDGE_VARIABLES_SET, CATALOG, ...variables }).upstreamKeys)
  } catch (error) {
    return (error as Error).message.replace(/^Configuration: /, '')
  }
}

it('reads the variables that upstreams name, and no other', () => {
  const variables = { UPSTREAM_KEY_OPENAI: KEY, UPSTREAM_KEY_OTHER: 'sk-other' }
  expect(keysOf({}, variables)).toEqual({ UPSTREAM_KEY_OPENAI: KEY })
  expect(keysOf({ key: undefined }, variables)).toEqual({})
})

it('says which variable is missing, or holds no key, and shows none', () => {
  expect(keysOf({})).toBe('UPSTREAM_KEY_OPENAI: is missing: an upstream of CATALOG names it')
  const wrong = 'UPSTREAM_KEY_OPENAI: must be text without spaces and lines'
  for (const value of [`${KEY}\r\nx: y`, `${KEY} `, 'schlüssel', 'x'.repeat(4097)])
    expect(keysOf({}, { UPSTREAM_KEY_OPENAI: value })).toBe(wrong)
})

it('lets an upstream lie on this machine in development alone', () => {
  const local = { url: 'http://127.1:8000/v1', key: undefined }
  expect(keysOf(local)).toBe(
    'CATALOG.upstreams.0.url: leads to this machine, which UPSTREAM_LOOPBACK=on allows for development',
  )
  expect(keysOf(local, { UPSTREAM_LOOPBACK: 'on' })).toEqual({})
  expect(
    keysOf({ url: 'http://10.0.0.1/v1' }, { UPSTREAM_LOOPBACK: 'on', UPSTREAM_KEY_OPENAI: KEY }),
  ).toContain('CATALOG.upstreams.0.url: must begin with https://')
})
