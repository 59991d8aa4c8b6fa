import { afterEach, expect, it, vi } from 'vitest'
import type { HostCall } from '../../../../edge/upstream/port.ts'
import { createReplicateHost } from '../../../../edge/upstream/replicate.ts'
import { leavesOpen } from '../../../../edge/upstream/retry.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

it('a vendor that does not take a request in is late: another may be asked, and it costs what was reserved', async () => {
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() =>
    AbortSignal.abort(new DOMException('late', 'TimeoutError')),
  )
  const { host } = createReplicateHost({
    upstream: {
      id: 'r',
      kind: 'replicate',
      url: 'https://r.example/v1',
      counts: 'tokens',
      broken: 'reserved',
    },
    key: undefined,
    fetch: (_, init) => Promise.reject(init?.signal?.reason),
    pause: () => expect.fail('nothing is asked for'),
    now: () => 0,
  })
  const call: HostCall = {
    requestId: 'r1',
    path: '/v1/chat/completions',
    request: {
      model: 'a/b',
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 8,
      stop: [],
      stream: false,
    },
    account: 'ada',
    model: 'chat',
    scope: 'chat',
    reserved: { promptTokens: 20, outputTokens: 8 },
    weight: 1,
    deadline: 60_000,
    signal: new AbortController().signal,
  }
  const failed: unknown = await host.call(call).catch((error: unknown) => error)
  expect([failed, leavesOpen(failed)]).toMatchObject([{ code: 'host_timeout' }, true])
  expect(await host.cancel(call)).toMatchObject({ promptTokens: 20, outputTokens: 8 })
})
