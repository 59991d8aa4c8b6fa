import { expect, it } from 'vitest'
import { parseJob } from '../../../../edge/jobs/parse.ts'
import { bytesOf } from '../../../../edge/jobs/room.ts'
import { RECORD_BYTES } from '../../../../shared/jobs/kept.lua.ts'
import { entitleBy } from '../../../fixtures/catalog.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'
import { SPEECH_CONTEXT } from '../../../fixtures/graphs/tiny-media.ts'
import { mediaCatalog } from '../../../fixtures/media-catalog.ts'
import { principal } from '../../../fixtures/principal.ts'
import { soundFile } from '../../../fixtures/sounds.ts'

const pro = entitleBy()(principal({ plan: 'pro' }))

/** The room of a job of one request, and all that it holds. */
function roomOf(endpoint: string, body: object) {
  const { works } = parseJob({ endpoint, body }, pro)
  const inputs = works.map(({ request }) => JSON.stringify(request))
  return bytesOf(works, inputs)
}
const chat = (changes = {}) => ({
  model: 'twohop-chat',
  messages: [{ role: 'user', content: 'hello' }],
  max_tokens: 100,
  ...changes,
})

it('grows with the tokens of an answer, with how many answers there are, and with log probabilities', () => {
  const one = roomOf('/v1/chat/completions', chat()).room
  expect(one).toBeGreaterThan(100 * 12)
  expect(one).toBeLessThan(3000)
  expect(roomOf('/v1/chat/completions', chat({ n: 4 })).room).toBeGreaterThan(3 * one - 3000)
  const told = roomOf('/v1/chat/completions', chat({ logprobs: true, top_logprobs: 5 })).room
  expect(told).toBeGreaterThan(one + 100 * 6 * 160)
})

it('is that of base64 for vectors, by the number of texts', () => {
  const vectors = (count: number) =>
    roomOf('/v1/embeddings', { model: 'twohop-embed', input: Array.from({ length: count }, () => 'a') }).room
  // 256 floats are 1368 bytes in base64.
  expect((vectors(101) - vectors(1)) / 100).toBeGreaterThan(1368)
  expect((vectors(101) - vectors(1)) / 100).toBeLessThan(1368 * 1.25 + 200)
})

it('is enough for every label of every text', () => {
  const labels = ['red', 'green', 'blue']
  const body = { model: 'twohop-classify', inputs: ['a', 'b'], parameters: { candidate_labels: labels } }
  const answer = JSON.stringify(
    Array.from({ length: 2 }, () => labels.map((label) => ({ label, score: 0.123456789 }))),
  )
  const works = [
    {
      ...parseJob(
        { endpoint: '/v1/tasks/text-classification', body: { model: 'twohop-classify', inputs: 'a' } },
        pro,
      ).works[0],
      task: 'zero-shot-classification',
      request: body,
    },
  ] as unknown as Parameters<typeof bytesOf>[0]
  expect(bytesOf(works, ['{}']).room).toBeGreaterThan(answer.length)
})

it('is held beside the inputs, the record and an error for each input', () => {
  const { held, room } = roomOf(
    '/v1/chat/completions',
    chat({ messages: [{ role: 'user', content: 'x'.repeat(5000) }] }),
  )
  expect(held).toBeGreaterThan(RECORD_BYTES + 5000 + room + 512)
})

it('of a transcript is larger where its parts are told', () => {
  const media = entitledTo('media', mediaCatalog)
  const file = Buffer.from(soundFile('tones.opus')).toString('base64')
  const room = (response_format: string) => {
    const body = { model: 'speech', file, response_format }
    const { works } = parseJob({ endpoint: '/v1/audio/transcriptions', body }, media)
    return bytesOf(works, ['']).room
  }
  expect(room('json')).toBeGreaterThan(SPEECH_CONTEXT * 12)
  expect(room('verbose_json')).toBeGreaterThan(room('json') + SPEECH_CONTEXT * 64)
})
