import { expect, it } from 'vitest'
import { createOwnHost } from '../../../../edge/upstream/own-host.ts'
import { NothingComputed } from '../../../../edge/upstream/port.ts'
import { unreadLog } from '../../../fixtures/log.ts'

/** What a call rejects with that a host answers by 400 and these headers. */
async function refusedWith(headers: Record<string, string>, status = 400): Promise<unknown> {
  const error = { code: 'context_length_exceeded', message: 'too long', param: 'messages' }
  const host = createOwnHost({
    url: 'http://host.example',
    sign: async () => 't',
    fetch: async () => Response.json({ error }, { status, headers }),
    now: Date.now,
    log: unreadLog,
  })
  return host
    .call({
      requestId: 'r1',
      path: '/v1/chat/completions',
      request: {},
      account: 'ada',
      model: 'm',
      scope: 'chat',
      reserved: { promptTokens: 1, outputTokens: 1 },
      weight: 1,
      deadline: 0,
      signal: new AbortController().signal,
    })
    .catch((thrown: unknown) => thrown)
}

it.each([
  ['what the host measured', { 'x-timing': '{"queue_ms":3,"compute_ms":41}' }, 41],
  ['nothing, where the host says nothing', {}, 0],
  ['nothing, where what it says is no time', { 'x-timing': '{"queue_ms":0,"compute_ms":-1}' }, 0],
])('a refusal has taken %s', async (_, headers, computeMs) => {
  const code = 'context_length_exceeded'
  expect(await refusedWith(headers)).toMatchObject({ code, param: 'messages', computeMs })
})

it('a proxy that reaches no host has computed nothing', async () => {
  const refused = await refusedWith({}, 521)
  expect(refused).toBeInstanceOf(NothingComputed)
  expect(refused).toMatchObject({ code: 'host_unavailable' })
})
