import { expect, test } from 'vitest'
import { checkBodyHash } from '../../../../inference-host/admission/body.ts'
import { readBody } from '../../../../shared/read-bounded.ts'
import { bodyHash, type ServiceClaims } from '../../../../shared/service-token.ts'

const post = (body: BodyInit) =>
  new Request('http://host/', { method: 'POST', body, duplex: 'half' } as RequestInit)

test('reads a body of exactly the limit and refuses one byte more', async () => {
  expect((await readBody(post('x'.repeat(10)), { most: 10, timeoutMs: 1000 })).length).toBe(10)
  await expect(readBody(post('x'.repeat(11)), { most: 10, timeoutMs: 1000 })).rejects.toMatchObject({
    code: 'body_too_large',
  })
})

test('stops reading a body of unknown length at the limit', async () => {
  let sent = 0
  const endless = new ReadableStream({
    pull(controller) {
      sent++
      controller.enqueue(new Uint8Array(8))
    },
  })
  await expect(readBody(post(endless), { most: 20, timeoutMs: 1000 })).rejects.toMatchObject({
    code: 'body_too_large',
  })
  expect(sent).toBeLessThan(6)
})

test('the hash covers every byte; an empty body has one too', async () => {
  const bytes = new TextEncoder().encode('{"a":1}')
  const claims = { body_sha256: await bodyHash(bytes) } as ServiceClaims
  await checkBodyHash(claims, bytes)
  const other = new TextEncoder().encode('{"a":2}')
  await expect(checkBodyHash(claims, other)).rejects.toMatchObject({ code: 'service_token_body_mismatch' })
  await expect(checkBodyHash(claims, new Uint8Array())).rejects.toMatchObject({
    code: 'service_token_body_mismatch',
  })
})
