import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { createAnswers, MAX_KEPT_CHARS } from '../../../../edge/idempotency/answers.ts'
import { createSeal } from '../../../../edge/idempotency/seal.ts'
import { errorResponse } from '../../../../shared/errors.ts'
import { readLog, unreadLog } from '../../../fixtures/log.ts'

const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes)
const seal = createSeal({ privateKey: await exportJWK(privateKey), random })
const answers = createAnswers(seal, unreadLog)
const answer = (body: string) => ({ status: 201, contentType: 'application/json', body, requestId: 'r1' })

/** The answer given again, or the refusal. */
const repeated = (stored: string) =>
  answers
    .repeat('id', { granted: false, code: 'answered', answer: stored })
    .catch((e) => errorResponse(e, 'r2'))

describe('an answer that is kept', () => {
  it('is given again as it was, and says so', async () => {
    const again = await repeated(await answers.keep('id', answer('{"ä":1}\n')))
    expect(again.status).toBe(201)
    expect(await again.text()).toBe('{"ä":1}\n')
    expect(Object.fromEntries(again.headers)).toEqual({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-request-id': 'r1',
      'idempotency-replayed': 'true',
    })
  })

  it('takes 256 KiB at most', async () => {
    // 180,000 random bytes in base64 take as many in gzip, and 240,064 characters once sealed.
    const fits = await answers.keep('id', answer(randomBytes(180_000).toString('base64')))
    expect(fits.length).toBeGreaterThan(200_000)
    expect(fits.length).toBeLessThanOrEqual(256 * 1024)
    expect((await repeated(fits)).status).toBe(201)
    expect(await answers.keep('id', answer(randomBytes(200_000).toString('base64')))).toBe('gone')
  })

  it('is 1 Mi characters long at most, however well they pack', async () => {
    expect((await repeated(await answers.keep('id', answer('x'.repeat(MAX_KEPT_CHARS))))).status).toBe(201)
    expect(await answers.keep('id', answer('x'.repeat(MAX_KEPT_CHARS + 1)))).toBe('gone')
  })

  it('is not kept where sealing fails, rather than that its settlement is lost', async () => {
    const { log, lines } = readLog()
    const failing = createAnswers({ ...seal, seal: () => Promise.reject(new RangeError('no memory')) }, log)
    expect(await failing.keep('id', answer('text'))).toBe('gone')
    expect(lines).toMatchObject([
      { level: 'error', event: 'answer_not_kept', request_id: 'r1', fault: { class: 'RangeError' } },
    ])
  })

  it.each([
    ['was too large', () => Promise.resolve('gone')],
    ['was never sealed', () => Promise.resolve('')],
    ["is another record's", () => answers.keep('other', answer('text'))],
    ['is of a form that nobody knows any more', () => seal.seal('id', '{"body":"text"}')],
  ])('is gone where it %s', async (_, stored) => {
    const again = await repeated(await stored())
    expect(again.status).toBe(409)
    expect(await again.json()).toMatchObject({ error: { code: 'idempotency_answer_gone' } })
    expect(again.headers.has('retry-after')).toBe(false)
  })
})

describe('what whoever comes too early or with something else is told', () => {
  it.each([
    ['idempotency_in_progress', '1'],
    ['idempotency_key_reused', null],
  ] as const)('%s, with Retry-After %s', async (code, retryAfter) => {
    const refused = await answers.repeat('id', { granted: false, code }).catch((e) => errorResponse(e, 'r2'))
    expect(refused.status).toBe(409)
    expect(await refused.json()).toMatchObject({ error: { code, type: 'invalid_request_error' } })
    expect(refused.headers.get('retry-after')).toBe(retryAfter)
  })
})
