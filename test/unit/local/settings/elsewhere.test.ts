import { expect, it } from 'vitest'
import { EDGE_VARIABLES } from '../../../../edge/runtime/variables.ts'
import { whyNotHere } from '../../../../local/settings/elsewhere.ts'
import { SETTABLE } from '../../../../local/settings/sources.ts'
import { readPages } from '../../../fixtures/pages.ts'

const { text: page = '' } = readPages().find(({ path }) => path === 'docs/configuration.md') ?? {}
const [hops = ''] = page.split('\n## Tools\n')
/** The variables of both hops there that the edge of `npm start` does not take. */
const others = [...hops.matchAll(/^\| `([A-Z][A-Z0-9_]+)` /gm)]
  .map(([, name = '']) => name)
  .filter((name) => !(name in SETTABLE))

it('says of each variable of docs/configuration.md whose it is, where it is not one of Workers', () => {
  expect(others.length).toBeGreaterThan(20)
  expect(others.map(whyNotHere).filter((why) => why.startsWith('is no variable'))).toEqual([])
  expect(whyNotHere('NO_SUCH')).toBe('is no variable of the edge: docs/configuration.md lists them.')
  for (const name of Object.keys(EDGE_VARIABLES).filter((one) => /^(?:SUPABASE|FIREBASE)_/.test(one)))
    expect(whyNotHere(`TWOHOP_${name}`)).toBe(
      `is for a function of Supabase or Firebase: here it is ${name}.`,
    )
})

it('says what to set in its place', () => {
  expect(whyNotHere('OTEL_EXPORTER_OTLP_ENDPOINT')).toBe(
    'is for the edge on Node, Supabase and Firebase: on Workers, as npm start runs it, there is none. On Workers TRACES=on asks for traces (docs/telemetry.md).',
  )
  expect(whyNotHere('EDGE_PORT')).toMatch(/^is for the edge on Node: .* Here it is --port\.$/)
  expect(whyNotHere('SCHEDULE_SECRET')).toMatch(/^is for the edge on Supabase: .* there is none\.$/)
  expect(whyNotHere('CHECK_REVOKED')).toMatch(/^is for the edge on Firebase: .* there is none\.$/)
  expect(whyNotHere('MODELS_DIR')).toBe('is a variable of the host, not of the edge.')
})
