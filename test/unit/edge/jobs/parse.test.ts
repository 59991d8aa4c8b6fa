import { describe, expect, it } from 'vitest'
import { parseJob } from '../../../../edge/jobs/parse.ts'
import { parseChat } from '../../../../edge/parse/chat.ts'
import { catalog, entitleBy, modelOf } from '../../../fixtures/catalog.ts'
import { entitledTo, refusal as refusalOf } from '../../../fixtures/entitled.ts'
import { IMAGE_TOKENS } from '../../../fixtures/graphs/tiny-media.ts'
import { pngOf } from '../../../fixtures/images.ts'
import { mediaCatalog } from '../../../fixtures/media-catalog.ts'
import { HISTORIES } from '../../../fixtures/openai/histories.ts'
import { soundFile } from '../../../fixtures/sounds.ts'

const as = (plan: string, scopes?: readonly string[]) => entitledTo(plan, catalog, scopes)
const pro = as('pro')
const endpoint = '/v1/chat/completions'
const hello = { model: 'twohop-chat', messages: [{ role: 'user', content: 'hello' }] }

const refusal = (input: unknown, entitlement = pro) => refusalOf(() => parseJob(input, entitlement))

describe('a job', () => {
  it('is one body or many, each read by its own endpoint', () => {
    const one = parseJob({ endpoint, body: hello }, pro)
    expect(one).toMatchObject({ task: 'chat', path: endpoint, model: { id: 'twohop-chat' } })
    expect(one.works).toHaveLength(1)
    const model = 'twohop-embed'
    const many = parseJob(
      {
        endpoint: '/v1/embeddings',
        inputs: [
          { model, input: 'a' },
          { model, input: ['b', 'c'] },
        ],
      },
      pro,
    )
    expect(many).toMatchObject({ task: 'embedding', path: '/v1/embeddings', model: { id: 'twohop-embed' } })
    expect(many.works.map(({ request }) => request)).toMatchObject([{ input: ['a'] }, { input: ['b', 'c'] }])
  })

  it.each([
    ['/v1/completions', { model: 'twohop-chat', prompt: 'hello' }, 'completion'],
    ['/v1/tasks/text-generation', { inputs: 'hello' }, 'text-generation'],
    ['/v1/tasks/text-classification', { inputs: 'good' }, 'text-classification'],
  ])('can be for %s', (path, body, task) => {
    expect(parseJob({ endpoint: path, body }, pro)).toMatchObject({ path, task })
  })

  it('takes histories as the route itself does', () => {
    const inputs = HISTORIES.filter(({ body }) => !body.stream).map(({ body }) => ({
      model: 'twohop-chat',
      ...body,
    }))
    const { works } = parseJob({ endpoint, body: null, inputs }, pro)
    expect(works.map(({ request }) => request)).toEqual(inputs.map((body) => parseChat(body, pro).request))
  })

  it('reserves of each input what that request would reserve', () => {
    const { works } = parseJob({ endpoint, inputs: [{ ...hello, max_tokens: 7 }, hello] }, pro)
    expect(works.map(({ worst }) => worst.outputTokens)).toEqual([7, 256])
  })

  it.each([
    ['no endpoint', { body: hello }, 'endpoint'],
    ['an endpoint of no model', { endpoint: '/v1/keys', body: hello }, 'endpoint'],
    ['an unknown task', { endpoint: '/v1/tasks/dance', body: hello }, 'endpoint'],
    ['neither body nor inputs', { endpoint }, 'body'],
    ['both', { endpoint, body: hello, inputs: [hello] }, 'inputs'],
    ['no inputs', { endpoint, inputs: [] }, 'inputs'],
    ['1,001 inputs', { endpoint, inputs: Array.from({ length: 1001 }, () => hello) }, 'inputs'],
    ['an input that is no object', { endpoint, inputs: [hello, 'hello'] }, 'inputs[1]'],
    ['an unknown field', { endpoint, body: hello, priority: 1 }, 'priority'],
    ['a bad field of the body', { endpoint, body: { ...hello, messages: [] } }, 'body.messages'],
    [
      'a bad field of an input',
      { endpoint, inputs: [hello, { ...hello, messages: [{ role: 'user', content: 5 }] }] },
      'inputs[1].messages[0].content',
    ],
    ['a stream', { endpoint, inputs: [hello, { ...hello, stream: true }] }, 'inputs[1].stream'],
    ['a stream of a single body', { endpoint, body: { ...hello, stream: true } }, 'body.stream'],
    [
      'too many output tokens',
      { endpoint, inputs: [{ ...hello, max_tokens: 9999 }] },
      'inputs[0].max_tokens',
    ],
  ])('is refused for %s', (_, input, param) => {
    expect(refusal(input)).toEqual(['invalid_request', param])
  })

  it('is for one model', () => {
    const second = { ...modelOf('twohop-chat'), id: 'other-chat' }
    const plans = catalog.plans.map((plan) => ({ ...plan, models: [...plan.models, 'other-chat'] }))
    const both = entitleBy({ ...catalog, models: [...catalog.models, second], plans })(
      { issuer: 'key', id: 'k', secretHash: 'h' },
      'pro',
    )
    const inputs = [hello, hello, hello, { ...hello, model: 'other-chat' }]
    expect(refusal({ endpoint, inputs: inputs.slice(0, 3) }, both)).toBe('none')
    expect(refusal({ endpoint, inputs }, both)).toEqual(['invalid_request', 'inputs[3].model'])
  })

  it('names the input whose model there is not', () => {
    expect(refusal({ endpoint, inputs: [{ ...hello, model: 'no' }] })).toEqual([
      'model_not_found',
      'inputs[0].model',
    ])
  })

  it("needs the task's own scope", () => {
    const job = { endpoint, body: hello }
    expect(refusal(job, as('pro', ['jobs', 'embed']))).toEqual(['scope_missing', undefined])
    expect(refusal(job, as('pro', ['jobs', 'chat']))).toBe('none')
  })
})

describe('a job of files', () => {
  const media = entitledTo('media', mediaCatalog)
  const sound = soundFile('tones-live.webm')
  const file = Buffer.from(sound).toString('base64')
  const picture = Buffer.from(pngOf(8, 8)).toString('base64')

  it.each([
    ['/v1/audio/transcriptions', { model: 'speech', file, response_format: 'verbose_json', language: 'de' }],
    ['/v1/tasks/automatic-speech-recognition', { model: 'speech', inputs: file }],
    ['/v1/tasks/image-classification', { model: 'classifier', inputs: picture, parameters: { top_k: 2 } }],
    ['/v1/tasks/image-to-text', { model: 'captioner', inputs: picture }],
  ])('%s reserves what that request would', (path, body) => {
    const { works, path: of } = parseJob({ endpoint: path, inputs: [body, body] }, media)
    expect(of).toMatch(/^\/v1\/tasks\//)
    expect(works).toHaveLength(2)
    const [work] = works
    expect(work?.file).toEqual('file' in body || of.includes('speech') ? sound : Uint8Array.from(pngOf(8, 8)))
    expect(work?.worst.promptTokens).toBe(of.includes('speech') ? 2 : IMAGE_TOKENS)
  })

  it.each([
    [
      '/v1/audio/transcriptions',
      { model: 'speech', file: 'RIFF', language: 'de' },
      'unsupported_audio',
      'file',
    ],
    ['/v1/audio/transcriptions', { model: 'speech', file: 'a b' }, 'invalid_request', 'file'],
    ['/v1/audio/transcriptions', { model: 'speech', file: 'abcde' }, 'invalid_request', 'file'],
    ['/v1/audio/transcriptions', { model: 'speech' }, 'invalid_request', 'file'],
    [
      '/v1/audio/transcriptions',
      { model: 'speech', file, response_format: 'srt' },
      'invalid_request',
      'response_format',
    ],
    ['/v1/tasks/image-to-text', { model: 'captioner', inputs: file }, 'invalid_request', 'inputs'],
    ['/v1/tasks/image-to-text', { model: 'captioner', inputs: 7 }, 'invalid_request', 'inputs'],
  ])('%s %#: is refused by its field', (path, body, code, param) => {
    expect(refusalOf(() => parseJob({ endpoint: path, body }, media))).toEqual([code, `body.${param}`])
  })
})
