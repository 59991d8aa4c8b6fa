import { expect, test } from 'vitest'
import { compileStructure } from '../../../../../inference-host/decoding/structure/compile.ts'
import type { Matcher } from '../../../../../inference-host/decoding/structure/matcher.ts'
import { packProgram } from '../../../../../inference-host/decoding/structure/packed.ts'
import type { Structure } from '../../../../../inference-host/decoding/structure/structure.ts'
import { readTokenBytes } from '../../../../../inference-host/decoding/writing/token-bytes.ts'
import { loadTokenizer } from '../../../../../inference-host/weights/tokenizer.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'
import { generate, type Model, STOP, vocabularyOf } from '../../../../fixtures/structure/drive.ts'

const { folder } = embeddedModel('twohop-chat')
const vocabulary = vocabularyOf(folder)
const PLAIN = '{% for message in messages %}{{ message.content }}{% endfor %}'
/** As much of Qwen's template as shows that its model was trained on calls. */
const WITH_CALLS = '{% if tools %}<tool_call>{% endif %}'
const ROOM = 400
const WEATHER = '<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call>'
const parameters = {
  type: 'object',
  properties: { city: { enum: ['Rome', 'Oslo'] } },
  required: ['city'],
  additionalProperties: false,
}

type Tools = Extract<Structure, { kind: 'tools' }>
type Asked = Partial<Pick<Tools, 'choice' | 'parallel' | 'content'>>

function compiled(asked: Asked) {
  const structure: Structure = {
    kind: 'tools',
    tools: ['weather', 'climate'].map((name) => ({ type: 'function', function: { name, parameters } })),
    choice: 'required',
    parallel: undefined,
    content: undefined,
    ...asked,
  }
  return { id: JSON.stringify(asked), program: packProgram(compileStructure(structure)) }
}

/** Writes `begin` and then one call after another, and ends only where it may do nothing else. */
function calling(begin: string): Model {
  const wanted = Buffer.from(`${begin}${`${WEATHER}\n`.repeat(20)}`)
  let at = 0
  return (allowed) => {
    const next = allowed.find(
      (id) => vocabulary.tokens[id]?.length === 1 && vocabulary.tokens[id]?.[0] === wanted[at],
    )
    at++
    return next ?? STOP
  }
}

/** Matchers of a model with this chat template. */
async function followOf(template: string | null | Record<string, string>) {
  const tokenizer = await loadTokenizer(folder)
  Object.assign(tokenizer, { chat_template: template })
  const loaded = { tokenizer, defaults: { eos_token_id: STOP } } as never
  const { follow } = await readTokenBytes(folder, loaded, vocabulary.tokens.length)
  return (asked: Asked) => follow(compiled(asked), ROOM).start()
}

const untrained = await followOf(PLAIN)
const trained = await followOf(WITH_CALLS)
const answerOf = (matcher: Matcher, begin = '') => generate(matcher, vocabulary, calling(begin), ROOM)
const SEVERAL = `${WEATHER}\n${WEATHER}`

test.each<[string, Asked, string]>([
  ['a required call', {}, ''],
  ['a call after text', { choice: 'auto' }, 'Let me see. '],
  ['a call in the place of a format', { choice: 'auto', content: { kind: 'json_object' } }, ''],
])('%s of a model whose template has no calls is one, and its end is the answer’s own', (_, asked, begin) => {
  expect(answerOf(untrained(asked), begin)).toBe(begin + WEATHER)
  const matcher = untrained(asked)
  for (const byte of Buffer.from(begin + WEATHER)) matcher.accept(vocabulary.ofByte[byte] ?? -1)
  expect([matcher.complete, matcher.wasCut]).toEqual([true, false])
  expect(answerOf(trained(asked), begin)).toContain(SEVERAL)
})

test('a request that says how many there may be is heeded, whatever the template', () => {
  for (const start of [untrained, trained]) {
    expect(answerOf(start({ parallel: true }))).toContain(SEVERAL)
    expect(answerOf(start({ parallel: false }))).toBe(WEATHER)
  }
})

test.each<[string, string | null | Record<string, string>, boolean]>([
  ['the one for tools has calls', { default: PLAIN, tool_use: WITH_CALLS }, true],
  ['the only one that may be taken has none', { default: PLAIN, rag: WITH_CALLS }, false],
  ['there is none to take', { rag: WITH_CALLS }, false],
  ['there is none', null, false],
  ['the calls are written in another way', '{{ tools }}[TOOL_CALLS]', false],
])('of several templates: %s', async (_, template, several) => {
  const start = await followOf(template)
  expect(answerOf(start({})).includes(SEVERAL)).toBe(several)
})
