import { afterEach, expect, it, vi } from 'vitest'
import { createSupabaseFunction } from '../../../../edge/runtime/supabase.ts'
import type { ErrorEnvelope } from '../../../../shared/errors.ts'
import { EDGE_NEEDS } from '../../../fixtures/edge-variables.ts'

const SECRET = 'a-secret-of-thirty-two-characters'
const ENVIRONMENT = { ...EDGE_NEEDS, SUPABASE_URL: 'https://abc.supabase.co', SCHEDULE_SECRET: SECRET }
const AT = 'https://abc.supabase.co'
const codeOf = async (answer: Response) => ((await answer.json()) as ErrorEnvelope).error.code

afterEach(() => void vi.restoreAllMocks())

it('serves its routes behind its own name, and nothing beside it', async () => {
  const answer = createSupabaseFunction('edge', ENVIRONMENT)
  expect((await answer(new Request(`${AT}/edge/healthz`))).status).toBe(200)
  expect(await codeOf(await answer(new Request(`${AT}/edge/v1/models`)))).toBe('token_missing')
  const document = await answer(new Request(`${AT}/edge/openapi.json`))
  expect(await document.json()).toMatchObject({ openapi: '3.1.0' })
  for (const path of ['/edge', '/edgehealthz', '/other/healthz', '/edge/edge/healthz'])
    expect([path, (await answer(new Request(`${AT}${path}`))).status]).toEqual([path, 404])
})

it('asks for the secret where scheduled work is asked for', async () => {
  const answer = createSupabaseFunction('edge', ENVIRONMENT)
  const refused = await answer(new Request(`${AT}/edge/scheduled`, { method: 'POST' }))
  expect([refused.status, await codeOf(refused)]).toEqual([401, 'token_missing'])
})

it('says by their names which variables do not fit, its own among them', async () => {
  const lines = vi.spyOn(console, 'log').mockImplementation(() => {})
  const short = createSupabaseFunction('edge', { ...ENVIRONMENT, SCHEDULE_SECRET: 'too-short' })
  const refused = await short(new Request(`${AT}/edge/healthz`))
  expect([refused.status, await codeOf(refused)]).toEqual([503, 'not_configured'])
  expect(JSON.parse(String(lines.mock.calls[0]?.[0]))).toMatchObject({
    complaints: ['SCHEDULE_SECRET: must have at least 32 characters'],
  })
  lines.mockClear()
  const { SUPABASE_URL: _, ...without } = ENVIRONMENT
  const names = async (environment: Record<string, string>) => {
    const answer = await createSupabaseFunction('edge', environment)(new Request(`${AT}/edge/healthz`))
    return ((await answer.json()) as ErrorEnvelope).error.message
  }
  expect(await names(without)).toMatch(/ FIREBASE_PROJECT_IDS\.$/)
  expect(await names({ ...ENVIRONMENT, TWOHOP_SUPABASE_JWT_SECRETS: '{"a":"b"}' })).toMatch(
    / TWOHOP_SUPABASE_JWT_SECRETS\.$/,
  )
  const complaints = lines.mock.calls
    .map(([line]) => JSON.parse(String(line)).complaints)
    .filter((said) => said !== undefined)
  expect(complaints).toEqual([
    [expect.stringMatching(/ or the URL of your Supabase project into TWOHOP_SUPABASE_URLS$/)],
    ['TWOHOP_SUPABASE_JWT_SECRETS: a key is not one of TWOHOP_SUPABASE_URLS'],
  ])
  const unset = createSupabaseFunction('edge', {})
  expect(await codeOf(await unset(new Request(`${AT}/edge/v1/models`)))).toBe('not_configured')
})
