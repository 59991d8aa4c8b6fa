import { describe, expect, it } from 'vitest'
import { ledgerFindings, redisFindings } from '../../../../cli/doctor/store-findings.ts'
import { answering, NOBODY, withJson } from '../../../fixtures/answering.ts'
import { catalog } from '../../../fixtures/catalog.ts'

describe('the stores', () => {
  it('are ill where nobody answers', async () => {
    const redis = { url: NOBODY, token: 'x', catalog, eventsMost: undefined, now: Date.now }
    expect((await redisFindings(redis)).findings).toMatchObject([{ check: 'redis', ok: false }])
    const ledger = await ledgerFindings({ url: NOBODY, key: 'x', now: Date.now })
    expect(ledger.findings).toMatchObject([{ check: 'postgres', ok: false, mend: [expect.any(String)] }])
  })

  it('are ill where a key is refused, and that is said without the key', async () => {
    const url = await answering((_, response) => withJson(response, 401, { message: 'Invalid API key' }))
    const redis = { url, token: 'a-canary', catalog, eventsMost: undefined, now: Date.now }
    const found = [
      ...(await redisFindings(redis)).findings,
      ...(await ledgerFindings({ url, key: 'a-canary', now: Date.now })).findings,
    ]
    expect(found.map(({ check, ok }) => [check, ok])).toEqual([
      ['redis', false],
      ['postgres', false],
    ])
    expect(JSON.stringify(found)).not.toContain('a-canary')
  })
})
