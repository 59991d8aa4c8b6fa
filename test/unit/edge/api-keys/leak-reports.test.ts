import { expect, it } from 'vitest'
import { createLeakReports } from '../../../../edge/api-keys/leak-reports.ts'
import type { Revocation } from '../../../../edge/api-keys/port.ts'
import type { PresentedApiKey } from '../../../../edge/identity/principal.ts'

const KEY: PresentedApiKey = { issuer: 'key', id: 'k1', secretHash: 'a' }
const ENDED: Revocation = {
  key: { id: 'k1', account: 'ada', name: 'n', scopes: [] },
  revoked: true,
  alsoRevoked: ['k2'],
}

function reports(ended: Revocation | undefined) {
  const state = { ended, asked: 0, ms: 0 }
  const report = createLeakReports({
    apiKeys: {
      revoke: async (id, by) => {
        expect([id, by]).toEqual(['k1', { secretHash: expect.any(String) }])
        state.asked++
        return state.ended
      },
    },
    now: () => state.ms,
  })
  return { state, report }
}

it('a second report says the same, but for that nothing changed, and asks nobody for ten minutes', async () => {
  const { state, report } = reports(ENDED)
  expect(await report(KEY, undefined)).toEqual(ENDED)
  for (state.ms = 0; state.ms < 600_000; state.ms += 100_000)
    expect(await report(KEY, 'again')).toEqual({ ...ENDED, revoked: false })
  expect(state.asked).toBe(1)
  await report(KEY, undefined)
  expect(state.asked).toBe(2)
})

it('of no key asks again after 5 s, and at once of another secret', async () => {
  const { state, report } = reports(undefined)
  for (let i = 0; i < 3; i++) expect(await report(KEY, undefined)).toBeUndefined()
  expect(state.asked).toBe(1)
  state.ended = ENDED
  expect(await report({ ...KEY, secretHash: 'b' }, undefined)).toEqual(ENDED)
  expect(await report(KEY, undefined)).toBeUndefined()
  state.ms = 5000
  expect(await report(KEY, undefined)).toEqual(ENDED)
})

it('that the store did not take is sent again', async () => {
  let asked = 0
  const report = createLeakReports({
    apiKeys: { revoke: async () => (asked++ === 0 ? Promise.reject(new Error('away')) : ENDED) },
    now: () => 0,
  })
  await expect(report(KEY, undefined)).rejects.toThrow('away')
  expect(await report(KEY, undefined)).toEqual(ENDED)
})
