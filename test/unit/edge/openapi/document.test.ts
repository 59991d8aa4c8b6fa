import path from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { openApi } from '../../../../edge/openapi/document.ts'
import { ROUTES } from '../../../../edge/routes/table.ts'
import { HUB_TASKS } from '../../../../shared/catalog.ts'
import { ERRORS, errorEnvelope, TwohopError } from '../../../../shared/errors.ts'
import { ROOT } from '../../../fixtures/pages.ts'

type Json = Record<string, unknown>
type Operation = {
  operationId: string
  responses: Record<string, { description: string }>
  security?: Json[]
}

const document = openApi() as {
  paths: Record<string, Record<string, Operation>>
  components: Record<string, Json>
}
const operations = Object.entries(document.paths).flatMap(([at, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${at}`, ...operation })),
)

/** Checks values against a schema of the document. */
function validator(name: string) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: 'doc', ...document })
  return ajv.compile({ $ref: `doc#/components/schemas/${name}` })
}

/** `npm test -- test/unit/edge/openapi -u` writes it anew. */
it('is what the edge serves', async () => {
  const file = path.join(ROOT, 'edge/routes/openapi.json')
  await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot(file)
})

describe('the document', () => {
  it('has every route, the tasks of the hub one by one, each with a name of its own', () => {
    expect(operations).toHaveLength(Object.keys(ROUTES).length - 1 + HUB_TASKS.length)
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  })

  it('refers to nothing that is not there', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, ref = '']) => ref)
    expect(refs.length).toBeGreaterThan(100)
    for (const ref of new Set(refs)) {
      const place = ref.split('/').reduce<unknown>((at, step) => (at as Json)?.[step], document)
      expect(place, ref).toBeTypeOf('object')
    }
  })

  it('asks for a token everywhere but where anybody may', () => {
    const open = operations.filter(({ security }) => security === undefined).map(({ name }) => name)
    expect(open.toSorted()).toEqual([
      ...['get /dashboard', 'get /dashboard/app.css', 'get /dashboard/app.js', 'get /dashboard/sign-in.json'],
      'get /docs',
      'get /healthz',
      'get /openapi.json',
      'post /v1/keys/leaked',
    ])
  })

  it('says with each status which codes it may have', () => {
    const { responses: ofChat = {} } = document.paths['/v1/chat/completions']?.post ?? {}
    expect(Object.keys(ofChat)).toEqual('200 400 401 403 404 408 409 413 415 429 500 502 503 504'.split(' '))
    expect(ofChat['401']?.description).toContain('token_expired')
    for (const { responses } of operations)
      for (const [status, { description }] of Object.entries(responses)) {
        if (Number(status) < 400) continue
        // Anthropic's API has a status of its own for a host that is full.
        for (const code of description.split(', '))
          expect(
            status === '529' ? (code === 'host_busy' ? 529 : 0) : ERRORS[code as keyof typeof ERRORS]?.status,
            code,
          ).toBe(Number(status))
      }
  })

  it('says what a count of tokens and a name that is no account are refused with', () => {
    const statuses = (at: string, method: string) =>
      Object.keys(document.paths[at]?.[method]?.responses ?? {})
    expect(statuses('/v1/messages/count_tokens', 'post')).toEqual(
      '200 400 401 403 404 408 409 413 415 429 500 502 503 504 529'.split(' '),
    )
    for (const at of ['/v1/admin/accounts/{account}', '/v1/admin/accounts/{account}/usage'])
      expect(statuses(at, 'get')).toContain('400')
  })

  it('names every code that a client may see, but for a method that a path does not take', () => {
    const said = new Set(
      operations.flatMap(({ responses }) =>
        Object.values(responses).flatMap((one) => one.description.split(', ')),
      ),
    )
    const unsaid = Object.keys(ERRORS).filter((code) => !said.has(code) && !code.startsWith('service_'))
    // A request that was cancelled has no client left.
    expect(unsaid).toEqual(['cancelled', 'method_not_allowed'])
  })
})

describe('its schemas', () => {
  it('let in what the edge does, null for what is left out included', () => {
    const chat = validator('ChatRequest')
    const hello = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }
    const nulls = { temperature: null, stop: null, seed: null, tools: null, max_tokens: null, audio: null }
    for (const good of [hello, { ...hello, ...nulls }, { ...hello, stop: 'a', stream: true }])
      expect([chat(good), chat.errors]).toEqual([true, null])
    for (const bad of [{}, { ...hello, messages: [] }, { ...hello, tempreature: 1 }, { ...hello, audio: {} }])
      expect(chat(bad)).toBe(false)
    const embed = validator('EmbeddingRequest')
    expect([
      embed({ model: 'm', input: 'a' }),
      embed({ model: 'm', input: ['a'], encoding_format: null }),
    ]).toEqual([true, true])
  })

  it('are those of our errors', () => {
    const error = validator('Error')
    const refusal = new TwohopError('budget_exhausted', 'no', { resetsAt: 0, param: 'model' })
    for (const thrown of [refusal, new Error('x')]) {
      expect([error(errorEnvelope(thrown, 'r1')), error.errors]).toEqual([true, null])
    }
    expect(error({ error: { ...errorEnvelope(refusal, 'r1').error, code: 'made_up' } })).toBe(false)
  })
})
