import { afterEach, expect, it, vi } from 'vitest'
import { jsonOf, target } from '../../../cli/deployment.ts'

afterEach(() => void vi.unstubAllEnvs())

it.each([
  ['https://edge.example', 'https://edge.example'],
  ['https://edge.example/', 'https://edge.example'],
  ['https://edge.example/v1', 'https://edge.example'],
  ['https://edge.example/v1/', 'https://edge.example'],
  ['http://127.0.0.1:8787/', 'http://127.0.0.1:8787'],
  ['https://a.supabase.co/functions/v1/edge', 'https://a.supabase.co/functions/v1/edge'],
  ['https://a.supabase.co/functions/v1/edge/', 'https://a.supabase.co/functions/v1/edge'],
  ['https://a.supabase.co/functions/v1/edge/v1', 'https://a.supabase.co/functions/v1/edge'],
  [
    'http://127.0.0.1:5001/my-project/us-central1/edge/v1',
    'http://127.0.0.1:5001/my-project/us-central1/edge',
  ],
])('the address %s is %s', (typed, url) => {
  vi.stubEnv('TWOHOP_URL', typed)
  vi.stubEnv('TWOHOP_TOKEN', 'a-token')
  expect(target()).toEqual({ url, token: 'a-token' })
})

it.each([
  'edge.example',
  'http://edge.example',
  'https://a:s3cret@edge.example',
  'https://edge.example/?s3cret',
])('the address %s is refused, and not shown', (typed) => {
  vi.stubEnv('TWOHOP_URL', typed)
  vi.stubEnv('TWOHOP_TOKEN', 'a-token')
  expect(target).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringMatching(/^TWOHOP_URL must /) }),
  )
  expect(target).not.toThrow(/s3cret/)
})

it('reads an answer, and none where it is no JSON or breaks off', async () => {
  expect(await jsonOf(Response.json({ a: 1 }))).toEqual({ a: 1 })
  expect(await jsonOf(new Response('<html>'))).toBeUndefined()
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('broken')) })
  expect(await jsonOf(new Response(broken))).toBeUndefined()
})

it('reads no answer without an end', async () => {
  const piece = new Uint8Array(1024 * 1024).fill(32)
  let pieces = 0
  const endless = new ReadableStream({
    pull(controller) {
      if (pieces++ < 100) controller.enqueue(piece)
      else controller.close()
    },
  })
  await expect(jsonOf(new Response(endless))).rejects.toMatchObject({
    code: 'bad_answer',
    message: 'An answer has more than 16 MiB: TWOHOP_URL names no edge of Twohop.',
  })
  expect(pieces).toBeLessThan(20)
})
