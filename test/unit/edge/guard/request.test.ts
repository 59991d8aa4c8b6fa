import { describe, expect, it } from 'vitest'
import { type Finding, policyOf, toldOnce } from '../../../../edge/guard/policy.ts'
import { guarded } from '../../../../edge/guard/request.ts'
import { parseMessages } from '../../../../edge/parse/anthropic-messages.ts'
import { parseChat } from '../../../../edge/parse/chat.ts'
import { parseEmbedding } from '../../../../edge/parse/embeddings.ts'
import { judgedWork } from '../../../../edge/parse/judged.ts'
import { parseResponses } from '../../../../edge/parse/responses.ts'
import { parseTask } from '../../../../edge/parse/tasks.ts'
import { forOwnHosts, type Work } from '../../../../edge/parse/work.ts'
import { Guards } from '../../../../shared/catalog.ts'
import { catalog } from '../../../fixtures/catalog.ts'
import { entitledTo, refusal } from '../../../fixtures/entitled.ts'

const pro = entitledTo('pro')
const model = 'twohop-chat'
const chat = (content: string, more: object = {}) =>
  parseChat(
    {
      model,
      messages: [
        { role: 'user', content: 'hello' },
        { role: 'user', content },
      ],
      ...more,
    },
    pro,
  )
const policy = (guards: object) => policyOf({ guards: Guards.parse(guards) })

const toolWith = (properties: object) => ({
  type: 'function',
  function: { name: 'f', parameters: { type: 'object', properties } },
})

function run(work: Work, guards: object) {
  const findings: Finding[] = []
  return {
    work: guarded(work, { policy: policy(guards), leaves: false, tell: (finding) => findings.push(finding) }),
    findings,
  }
}

describe('a request', () => {
  const blocks = { pii: { in: 'block' } }
  const address = 'I am ann@example.com'

  it.each([
    ['a message', () => chat(address), 'messages[1].content'],
    [
      'a call that was made before',
      () =>
        parseChat(
          {
            model,
            messages: [
              { role: 'user', content: 'x' },
              {
                role: 'assistant',
                tool_calls: [
                  {
                    id: 'call_aB3dE6gH9jK2mN5pQ8sT1vW4',
                    type: 'function',
                    function: { name: 'f', arguments: `{"to":"${address}"}` },
                  },
                ],
              },
              { role: 'tool', tool_call_id: 'call_aB3dE6gH9jK2mN5pQ8sT1vW4', content: 'ok' },
            ],
          },
          pro,
        ),
      'messages[1].tool_calls[0].function.arguments',
    ],
    [
      'a number behind an escape in JSON that a message says',
      () => chat('{"a":"call\\n+49 170 1234567"}'),
      'messages[1].content',
    ],
    ['an input of responses', () => parseResponses({ model, store: false, input: address }, pro), 'input'],
    [
      'a message of messages',
      () => parseMessages({ model, max_tokens: 8, messages: [{ role: 'user', content: address }] }, pro),
      'messages[0].content',
    ],
    [
      'a key of a schema',
      () => chat('hello', { tools: [toolWith({ 'ann@example.com': { type: 'string' } })] }),
      'tools[0].function.parameters.properties',
    ],
    [
      'a property called id',
      () => chat('hello', { tools: [toolWith({ id: { type: 'string', description: address } })] }),
      'tools[0].function.parameters.properties.id.description',
    ],
    ['a stop string', () => chat('hello', { stop: [address] }), 'stop[0]'],
    ['an embedding', () => parseEmbedding({ model: 'twohop-embed', input: ['a', address] }, pro), 'input[1]'],
    ['a task', () => parseTask('text-classification', { inputs: address }, pro), 'inputs[0]'],
  ])('is refused for what blocks in %s, with its field', (_, work, param) => {
    expect(refusal(() => run(work(), blocks))).toEqual(['content_blocked', param])
  })

  it('passes unchanged where nothing is found, or guards are off', () => {
    const work = chat('hello')
    expect(run(work, blocks)).toEqual({ work, findings: [] })
    expect(guarded(work, { policy: policyOf({}), leaves: true, tell() {} })).toBe(work)
    expect(run(chat(address), {}).findings).toEqual([])
  })

  it('is not blocked for the words of the API itself', () => {
    const words = ['user', 'object', 'string', 'properties', 'function', 'auto']
    const work = chat('hello', { tools: [toolWith({ a: { type: 'string' } })], tool_choice: 'auto' })
    expect(run(work, { blocklist: { in: 'block', words } }).findings).toEqual([])
  })

  it('is told of once for each rule that only flags', () => {
    const { findings } = run(chat(`${address}, ${address}, 4111111111111111`), { pii: { in: 'flag' } })
    expect(findings).toEqual([
      { way: 'in', rule: 'pii.email', blocked: false },
      { way: 'in', rule: 'pii.card', blocked: false },
    ])
  })

  it('may not ask for log probabilities of an answer that may be blocked: they spell it', () => {
    const asked = chat('hello', { logprobs: true })
    expect(refusal(() => run(asked, { pii: { out: 'block' } }))).toEqual(['invalid_request', 'logprobs'])
    expect(run(asked, { pii: { out: 'flag' } }).work.guard).toBeDefined()
  })
})

it('a job of many inputs tells of each rule once', () => {
  const findings: Finding[] = []
  const once = toldOnce((finding) => findings.push(finding))
  for (const name of ['ann', 'bob'])
    guarded(chat(`${name}@example.com`), {
      policy: policy({ pii: { in: 'flag' } }),
      leaves: false,
      tell: once,
    })
  expect(findings).toEqual([{ way: 'in', rule: 'pii.email', blocked: false }])
})

describe('the guards of a plan', () => {
  it('are made once', () => {
    const guards = Guards.parse(blocksAndFlags)
    expect(policyOf({ guards })).toBe(policyOf({ guards }))
  })
  const blocksAndFlags = {
    pii: { in: 'flag', out: 'block', find: ['card'] },
    blocklist: { words: ['x'], in: 'block' },
  }

  it('look for what they name, and block what they say', () => {
    const made = policy(blocksAndFlags)
    const shown = (way: 'in' | 'out') => [
      made?.[way].blocks.map(({ rule }) => rule),
      made?.[way].flags.map(({ rule }) => rule),
    ]
    expect([shown('in'), shown('out')]).toEqual([
      [['blocklist'], ['pii.card']],
      [['pii.card'], []],
    ])
  })
})

describe('a request with what is masked', () => {
  const masks = (mask: string, leaves: boolean, content = 'I am a@b.co.') => {
    const findings: Finding[] = []
    const tell = (finding: Finding) => findings.push(finding)
    const work = chat(content)
    return {
      work,
      guarded: guarded(work, { policy: policy({ pii: { in: 'mask', mask } }), leaves, tell }),
      findings,
    }
  }

  it('has a second form for foreign upstreams, where one may get it, and holds what is longer in it', () => {
    const { work, guarded: clean, findings } = masks('foreign', true)
    expect(clean.request).toBe(work.request)
    expect(clean.masked).toMatchObject({
      forAll: false,
      request: { messages: [{}, { content: 'I am [EMAIL_1].' }] },
    })
    expect(clean.worst.promptTokens - work.worst.promptTokens).toBe('[EMAIL_1]'.length - 'a@b.co'.length)
    expect(clean.worst.units).toBeGreaterThan(work.worst.units)
    expect(findings).toEqual([{ way: 'in', rule: 'pii.email', blocked: false, masked: true }])
    expect(forOwnHosts(clean)).toBe(work.request)
  })

  it('is as it was where none may get it, or nothing is found', () => {
    const { work, guarded: same, findings } = masks('foreign', false)
    expect([same, findings]).toEqual([work, []])
    const nothing = masks('foreign', true, 'hello')
    expect(nothing.guarded).toBe(nothing.work)
  })

  it('goes to own hosts with placeholders too, where the plan says so: to the one that judges it as well', () => {
    const { guarded: clean } = masks('all', false)
    expect(forOwnHosts(clean)).toBe(clean.masked?.request)
    const judged = judgedWork(
      clean,
      Guards.parse({ injection: { model: 'twohop-classify', in: 'block' } }).injection,
      catalog.models,
    )
    expect(JSON.stringify(judged.judged)).toContain('[EMAIL_1]')
    expect(JSON.stringify(judged.judged)).not.toContain('a@b.co')
  })

  it('is never longer than what is reserved, whoever counts', () => {
    const { guarded: clean, work } = masks('all', true, 'a@b.co '.repeat(50))
    const bytes = (one: object | undefined) => JSON.stringify(one).length
    const longer = bytes(clean.masked?.request) - bytes(work.request)
    expect(clean.worst.promptTokens - work.worst.promptTokens).toBe(longer)
  })
})
