import { deepBodies } from '../../fixtures/attacks/deep-json.ts'
import { EMBED } from '../../fixtures/stack/client.ts'
import type { Attack } from './world.ts'
import { CHAT_PATH, HELLO } from './world.ts'

const bad = (what: string, body: unknown, path = CHAT_PATH): Attack => ({
  what,
  status: 400,
  code: 'invalid_request',
  send: ({ eve }) => ({ token: eve, path, body }),
})
const good = JSON.stringify(HELLO)
const withField = (text: string) => `${good.slice(0, -1)},${text}}`
const user = (content: unknown) => ({ ...HELLO, messages: [{ role: 'user', content }] })
const listOf = <Item>(count: number, item: Item) => Array.from({ length: count }, () => item)

/** What is no JSON, or JSON that readers disagree about. */
export const NO_JSON: readonly Attack[] = [
  bad('nothing', ''),
  bad('half a body', good.slice(0, -2)),
  bad('two bodies', good + good),
  bad('a comment', withField('/* x */ "n":1')),
  bad('single quotes', good.replaceAll('"', "'")),
  bad('NaN', withField('"temperature":NaN')),
  bad('a comma at the end', `${good.slice(0, -1)},}`),
  bad('a list', `[${good}]`),
  bad('a text', JSON.stringify(good)),
  bad('null', 'null'),
  bad('a form', 'model=twohop-chat&messages=x'),
  bad('XML with an entity', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
  ...deepBodies(HELLO).map(([path, body], at) => bad(`3,400 levels (${at + 1}) for ${path}`, body, path)),
]

/** Fields of other kinds, sizes and signs than there are. */
export const FIELDS: readonly Attack[] = [
  ...[0, -1, 1.5, 1e9, 1e308, '5', true, [], {}].map((max_tokens) =>
    bad(`max_tokens ${JSON.stringify(max_tokens)}`, { ...HELLO, max_tokens }),
  ),
  bad('max_tokens beyond all numbers', withField('"max_completion_tokens":1e999')),
  ...[-0.1, 3, 1e308, 'hot'].map((temperature) =>
    bad(`temperature ${temperature}`, { ...HELLO, temperature }),
  ),
  ...[0, 129, 1e9, -1].map((n) => bad(`n ${n}`, { ...HELLO, n })),
  bad('no messages', { ...HELLO, messages: [] }),
  bad('too many messages', { ...HELLO, messages: listOf(2049, { role: 'user', content: '' }) }),
  bad('too many parts', user(listOf(1001, { type: 'text', text: '' }))),
  bad('content that is a number', user(7)),
  bad('content that is null', user(null)),
  bad('an image', user([{ type: 'image_url', image_url: { url: 'http://169.254.169.254/' } }])),
  bad('a role that there is not', { ...HELLO, messages: [{ role: 'root', content: 'x' }] }),
  bad('too many stops', { ...HELLO, stop: listOf(1000, 'x') }),
  bad('an empty stop', { ...HELLO, stop: [''] }),
  bad('a field that there is not', { ...HELLO, admin: true }),
  bad('a plan of its own', { ...HELLO, plan: 'pro' }),
  bad('__proto__', withField('"__proto__":{"admin":true}')),
  bad('constructor', withField('"constructor":{"prototype":{"admin":true}}')),
  bad('logit_bias of what is no token', { ...HELLO, logit_bias: { '-1': 100 } }),
  bad('logit_bias beyond its range', { ...HELLO, logit_bias: { 1: 1e9 } }),
  bad('a tool without a kind', { ...HELLO, tools: [{}] }),
  bad('no model', { messages: HELLO.messages }),
  bad('a model that is a list', { ...HELLO, model: [HELLO.model] }),
  bad('a stream of "yes"', { ...HELLO, stream: 'yes' }),
  bad('no inputs', { model: EMBED, input: [] }, '/v1/embeddings'),
  bad('too many inputs', { model: EMBED, input: listOf(5000, 'x') }, '/v1/embeddings'),
  bad('dimensions of -1', { model: EMBED, input: 'x', dimensions: -1 }, '/v1/embeddings'),
  bad('no documents', { model: EMBED, query: 'x', documents: [] }, '/v1/rerank'),
  bad('a job of administration', { endpoint: '/v1/admin/accounts', body: {} }, '/v1/jobs'),
  bad('a job of jobs', { endpoint: '/v1/jobs', body: {} }, '/v1/jobs'),
  bad('a job elsewhere', { endpoint: 'http://169.254.169.254/', body: {} }, '/v1/jobs'),
  bad('a job of a stream', { endpoint: CHAT_PATH, body: { ...HELLO, stream: true } }, '/v1/jobs'),
  bad('a job of too many', { endpoint: CHAT_PATH, inputs: listOf(1001, {}) }, '/v1/jobs'),
  bad('a job with one bad input', { endpoint: CHAT_PATH, inputs: [HELLO, { ...HELLO, n: -1 }] }, '/v1/jobs'),
]

const structured = (what: string, schema: object): Attack => ({
  ...bad(what, {
    ...HELLO,
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
  }),
  host: 1,
})

/** Structures, which the host reads: it refuses them before it computes anything, and what was held goes back. */
export const STRUCTURES: readonly Attack[] = [
  structured('a schema that refers elsewhere', { $ref: 'http://evil.example/' }),
  structured('a schema that refers to a file', { $ref: 'file:///etc/passwd' }),
  structured('a pattern without an end', { type: 'string', pattern: '(((a{1000}){1000}){1000})' }),
  structured('a pattern that looks back', { type: 'string', pattern: '(a)\\1' }),
  structured('a kind that there is not', { type: 'root' }),
]
