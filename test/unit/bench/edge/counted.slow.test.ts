import { expect, onTestFinished, test } from 'vitest'
import { countedPerCall } from '../../../../bench/edge/counted.ts'
import { stubModel } from '../../../../bench/upstream/answers.ts'
import { startStub } from '../../../../bench/upstream/stub.ts'
import { startEmbeddedRedis } from '../../../../local/redis/embedded.ts'
import { startRestFront } from '../../../../local/redis/rest.ts'
import { upstashClient } from '../../../../shared/upstash-client.ts'

test('counts what each model call takes: two commands in one and a half requests, one and a quarter calls of the host', async () => {
  const stub = await startStub()
  onTestFinished(stub.stop)
  const token = 't'
  const front = await startRestFront({ store: await startEmbeddedRedis(), token })
  onTestFinished(front.stop)
  const redis = upstashClient({ url: front.url, token, timeoutMs: 5000 })
  const post = async (path: string, body: object) => {
    await (await fetch(`${stub.url}${path}`, { method: 'POST', body: JSON.stringify(body) })).text()
  }
  const model = stubModel({ chunks: 1, delayMs: 0 })
  let asked = 0
  const counted = await countedPerCall({
    redis: { url: front.url, token },
    stubUrl: stub.url,
    async ask(requests) {
      asked = requests
      // Four at a time: each reserves in a request of its own; settlements go two by two, questions of all four in one.
      for (let n = 0; n < requests; n += 4) {
        for (let one = 0; one < 4; one++) {
          await redis.command('PING')
          await post('/v1/chat/completions', { model, stream: true, messages: [] })
        }
        await post('/v1/requests/usage', { requests: [{ id: 'a', account: 'b' }] })
        for (let pair = 0; pair < 2; pair++) await Promise.all([redis.command('PING'), redis.command('PING')])
      }
      return requests
    },
  })
  expect(asked).toBeGreaterThan(0)
  expect(counted).toEqual({ requests: 1.5, commands: 2, host: 1.25 })
})
