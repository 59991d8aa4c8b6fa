import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { asCode, asCurl } from '../../../../dashboard/playground/snippets.ts'

const HOSTILE = `it's "quoted" $(touch x) \`touch y\` \\ </script> $TOKEN`
const body = { model: 'm', messages: [{ role: 'user', content: HOSTILE }] }

it('a shell reads the command as it was meant, whatever was typed', () => {
  // The words that curl would get, one a line end of its own.
  const command = asCurl('https://edge.example', body).replace(/^curl/, `printf '%s\\0'`)
  const words = execFileSync('/bin/sh', ['-c', command], {
    encoding: 'utf8',
    env: { TOKEN: 'secret' },
  }).split('\0')
  expect(words.slice(0, -1)).toEqual([
    '-N',
    'https://edge.example/v1/chat/completions',
    ...['-H', 'Authorization: Bearer secret', '-H', 'Content-Type: application/json', '-d'],
    JSON.stringify(body),
  ])
})

it('the code parses, and sends the same', () => {
  const code = asCode('https://edge.example', body)
  const [, sent = ''] = /create\(([\s\S]*?)\)\nfor await/.exec(code) ?? []
  expect(JSON.parse(sent)).toEqual(body)
  expect(code).toContain(`baseURL: "https://edge.example/v1"`)
})
