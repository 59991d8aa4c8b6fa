import { expect, it } from 'vitest'
import { redacted } from '../../../../edge/guard/redact.ts'

const SECRET = `sk-${'a1B2c3D4'.repeat(4)}`

it.each([
  ['a message', { messages: [{ role: 'user', content: `key ${SECRET}, mail ann@example.com` }] }],
  [
    'an id, where nothing is taken out for a model',
    { messages: [{ role: 'tool', tool_call_id: SECRET, content: 'x' }] },
  ],
  ['a key', { tools: [{ type: 'function', function: { parameters: { [SECRET]: {} } } }] }],
  ['a key that is none of a schema', { metadata: { [SECRET]: 1 } }],
  ['a number', { seed: 4111111111111111 }],
  [
    'JSON in arguments',
    { messages: [{ tool_calls: [{ function: { arguments: '{"to":"ann\\u0040example.com"}' } }] }] },
  ],
  ['JSON in a text', { messages: [{ role: 'tool', content: '{"to":"ann\\u0040example.com"}' }] }],
  [
    'JSON in JSON',
    {
      messages: [{ role: 'tool', content: JSON.stringify({ a: JSON.stringify({ b: '\n+4111 222 333' }) }) }],
    },
  ],
  ['a job', { inputs: [{ messages: [{ role: 'user', content: SECRET }] }] }],
  [
    'a private key',
    { prompt: `-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqsecret\n-----END PRIVATE KEY-----` },
  ],
])('takes out of %s all that can be found', (_, request) => {
  const kept = redacted(request)
  expect(kept).not.toMatch(/sk-a1B2|ann|example|4111|MIIE|secret(?!\.)/)
  expect(kept).toMatch(/\[(?:secret|pii)\.\w+\]/)
})

it('keeps the rest as it is, without images', () => {
  const content = [
    { type: 'text', text: 'What is this?' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
  ]
  expect(JSON.parse(redacted({ messages: [{ role: 'user', content }], temperature: 0 }))).toEqual({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: '[image]' },
        ],
      },
    ],
    temperature: 0,
  })
})
