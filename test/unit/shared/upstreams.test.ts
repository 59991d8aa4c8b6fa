import { expect, it } from 'vitest'
import { Catalog } from '../../../shared/catalog.ts'
import { plainWords } from '../../../shared/plain-words.ts'
import { catalog } from '../../fixtures/catalog.ts'

const OPENAI = { id: 'openai', kind: 'openai', url: 'https://api.openai.com/v1', key: 'UPSTREAM_KEY_OPENAI' }
const HOST = { id: 'host-a', kind: 'own', url: 'http://10.0.0.7:8080' }
const CHAT = { ...catalog.models[0], tasks: ['chat'] }

/** What is wrong with a catalog of these upstreams, whose first model says this of them: path and words. */
function complaints(upstreams: unknown, model: object = {}): string[] {
  const models = [{ ...CHAT, ...model }, ...catalog.models.slice(1)]
  const { error } = Catalog.safeParse({ ...catalog, models, upstreams }, { error: plainWords })
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
}

it('takes upstreams of each kind, and models that name them with weights and a fallback', () => {
  const upstreams = [
    HOST,
    OPENAI,
    { ...OPENAI, id: 'claude', kind: 'anthropic', url: 'https://api.anthropic.com' },
  ]
  const model = {
    upstreams: [
      { id: 'host-a', weight: 3 },
      { id: 'openai', model: 'gpt-4.1' },
    ],
    fallback: [{ id: 'claude' }, { id: 'host' }],
  }
  expect(complaints(upstreams, model)).toEqual([])
  expect(Catalog.parse({ ...catalog, upstreams }).upstreams?.[1]).toEqual({
    ...OPENAI,
    broken: 'reserved',
    speaks: 'openai',
  })
})

it('needs none: catalogs of before are as good', () => {
  expect(complaints(undefined)).toEqual([])
  expect(catalog.upstreams).toBeUndefined()
})

const TLS = 'must begin with https://, and lead to no private, local or metadata address'
it.each([
  [
    'a key instead of its variable',
    { key: 'sk-123' },
    'upstreams.0.key: must be a name that begins with UPSTREAM_KEY_',
  ],
  [
    "another secret's name",
    { key: 'SERVICE_TOKEN_PRIVATE_KEY' },
    'upstreams.0.key: must be a name that begins with UPSTREAM_KEY_',
  ],
  ['metadata', { url: 'https://169.254.169.254/v1' }, `upstreams.0.url: ${TLS}`],
  ['no TLS', { url: 'http://api.openai.com/v1' }, `upstreams.0.url: ${TLS}`],
  [
    'a password',
    { url: 'https://a:b@api.openai.com/v1' },
    'upstreams.0.url: must have no user name, password, ? or #',
  ],
  [
    'a query',
    { url: 'https://api.openai.com/v1?key=1' },
    'upstreams.0.url: must have no user name, password, ? or #',
  ],
  [
    'what nobody knows',
    { keys: 'x' },
    'upstreams.0: has a field that is not known here; known are kind, id, url, timeout_ms, key, broken, speaks',
  ],
  ['a kind that is not there', { kind: 'cohere' }, 'upstreams.0.kind: has none of the allowed forms'],
])('refuses %s', (_, changes, complaint) => {
  expect(complaints([{ ...OPENAI, ...changes }])).toEqual([complaint])
})

it('refuses an own host that anybody on the way could read', () => {
  expect(complaints([{ ...HOST, url: 'http://host.example' }])).toEqual([
    'upstreams.0.url: must begin with https:// (http:// is for loopback and private networks only)',
  ])
  expect(complaints([{ ...HOST, key: 'UPSTREAM_KEY_X' }])).toEqual([
    'upstreams.0: has a field that is not known here; known are kind, id, url, timeout_ms',
  ])
})

it.each([
  [
    'the name of the usual host',
    [{ ...HOST, id: 'host' }],
    {},
    'upstreams.0.id: is the name of the host of HOST_URL',
  ],
  ['two of one name', [OPENAI, OPENAI], {}, 'upstreams: two upstreams share an id'],
  [
    'what is not there',
    [],
    { upstreams: [{ id: 'nobody' }] },
    'models.0.upstreams.0.id: names no upstream that there is',
  ],
  [
    'the same in the fallback',
    [OPENAI],
    { upstreams: [{ id: 'openai' }], fallback: [{ id: 'nobody' }] },
    'models.0.fallback.0.id: names no upstream that there is',
  ],
  [
    'a task that it cannot do',
    [OPENAI],
    { upstreams: [{ id: 'openai' }], tasks: ['chat', 'text-ranking'] },
    'models.0.upstreams.0.id: an upstream of kind openai does no text-ranking',
  ],
  [
    'a fallback alone',
    [OPENAI],
    { fallback: [{ id: 'openai' }] },
    'models.0.fallback: is for a model with upstreams',
  ],
  [
    'nothing that is drawn',
    [OPENAI],
    { upstreams: [{ id: 'openai', weight: 0 }] },
    'models.0.upstreams: all have the weight 0',
  ],
  [
    'one twice',
    [OPENAI],
    { upstreams: [{ id: 'openai' }], fallback: [{ id: 'openai' }] },
    'models.0.upstreams: one is there twice',
  ],
])('refuses %s', (_, upstreams, model, complaint) => {
  expect(complaints(upstreams, model)).toEqual([complaint])
})

const REPLICATE = {
  id: 'llama',
  kind: 'replicate',
  url: 'https://api.replicate.com/v1',
  stream_url: 'https://stream.replicate.com',
  counts: 'tokens',
}

it('takes Replicate, which must say what it counts', () => {
  expect(complaints([REPLICATE], { upstreams: [{ id: 'llama' }] })).toEqual([])
  expect(complaints([{ ...REPLICATE, counts: undefined }])).toEqual([
    'upstreams.0.counts: must be tokens or seconds',
  ])
  expect(complaints([REPLICATE], { tasks: ['chat', 'embedding'], upstreams: [{ id: 'llama' }] })).toEqual([
    'models.0.upstreams.0.id: an upstream of kind replicate does no embedding',
  ])
})

it('prices by seconds what is counted by seconds, whichever of its versions is there', () => {
  const upstreams = [{ ...REPLICATE, counts: 'seconds' }]
  const wrong = ['models.0.prices.compute_second: must be above 0: an upstream counts seconds']
  const prices = { prompt: 1, output: 1, compute_second: 0 }
  for (const model of [
    { upstreams: [{ id: 'llama' }] },
    { upstreams: [{ id: 'host' }], fallback: [{ id: 'llama' }] },
    { versions: [{ id: 'a', weight: 1, upstreams: [{ id: 'llama' }] }] },
  ]) {
    expect(complaints(upstreams, { ...model, prices })).toEqual(wrong)
    expect(complaints(upstreams, { ...model, prices: { ...prices, compute_second: 1 } })).toEqual([])
  }
})

it.each([
  [
    'a stream from the metadata',
    { stream_url: 'https://169.254.169.254/' },
    `upstreams.0.stream_url: ${TLS}`,
  ],
  [
    'inputs without a bound of the output',
    { inputs: { prompt: 'prompt' } },
    'upstreams.0.inputs: must have max_tokens, and prompt or messages',
  ],
  [
    'inputs without what is asked',
    { inputs: { max_tokens: 'max_tokens' } },
    'upstreams.0.inputs: must have max_tokens, and prompt or messages',
  ],
])('refuses of Replicate %s', (_, changes, complaint) => {
  expect(complaints([{ ...REPLICATE, ...changes }])).toEqual([complaint])
})

it('takes two tries of a model with two upstreams, and of no other', () => {
  const model = (more: object) => complaints([OPENAI, HOST], { tries: 2, ...more })
  const alone = ['models.0.tries: is for a model with two upstreams or more']
  expect(model({})).toEqual(alone)
  expect(model({ upstreams: [{ id: 'openai' }, { id: 'openai', model: 'gpt-4.1' }] })).toEqual(alone)
  expect(model({ upstreams: [{ id: 'openai' }], fallback: [{ id: 'host' }] })).toEqual([])
  expect(
    model({ versions: [{ id: 'a', upstreams: [{ id: 'openai' }, { id: 'host-a' }] }, { id: 'b' }] }),
  ).toEqual([])
})
