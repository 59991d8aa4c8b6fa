import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { expect, it } from 'vitest'
import { ROOT, repositoryFiles } from '../../fixtures/imports.ts'

/** Files that send what another file or a client of their own has said, and why nothing is to be said there. */
const SENT_ON: Readonly<Record<string, string>> = {
  'edge/ledger/supabase.ts': "adds the client's own words to a failure",
  'edge/runtime/assets.ts': 'asks a binding, which is no network',
  'edge/runtime/edge.ts': 'the global fetch for other files',
  'edge/runtime/host-service.ts': 'a binding for other files',
  'edge/upstream/host-headers.ts': 'adds headers',
  'shared/fetch.ts': 'adds what ends a call',
  'shared/upstash-client.ts': 'the global fetch for its calls',
}

/** Each request that a file sends: its line, and what is said of it. `app.fetch(` answers one. */
function requestsIn(file: string, text: string): { line: number; said: string }[] {
  const requests: { line: number; said: string }[] = []
  const { program, comments } = parseSync(file, text)
  const code = comments.reduce(
    (rest, { start, end }) => rest.slice(0, start) + ' '.repeat(end - start) + rest.slice(end),
    text,
  )
  new Visitor({
    CallExpression({ callee, arguments: [, init], start }) {
      const named = callee.type === 'MemberExpression' ? callee.property : callee
      if (named.type !== 'Identifier' || named.name !== 'fetch') return
      if (/\bapp$/.test(code.slice(callee.start, named.start - 1))) return
      // What a name stands for is said elsewhere in the file.
      const said = init?.type === 'Identifier' ? code : code.slice(init?.start, init?.end)
      requests.push({ line: text.slice(0, start).split('\n').length, said: init ? said : '' })
    },
  }).visit(program)
  return requests
}

/** Lines of requests that would follow a redirect, or may never end. */
const looseIn = (file: string, text: string) =>
  requestsIn(file, text)
    .filter(
      ({ said }) => !/redirect: 'manual'/.test(said) || !/\bsignal\b|\btimeoutMs\b|\.\.\.end\b/.test(said),
    )
    .map(({ line }) => line)

const senders = repositoryFiles()
  .filter((file) => /^(?:edge|inference-host|shared)\/.*\.ts$/.test(file))
  .map((file) => ({ file, text: readFileSync(path.join(ROOT, file), 'utf8') }))
  .filter(({ file, text }) => text.includes('fetch(') && requestsIn(file, text).length > 0)

it('each request follows no redirect, which would have the secret, and ends where no answer comes', () => {
  expect(senders.length).toBeGreaterThan(14)
  const loose = senders
    .filter(({ file }) => !(file in SENT_ON))
    .flatMap(({ file, text }) => looseIn(file, text).map((line) => `${file}:${line}`))
  expect(loose).toEqual([])
})

it('files that are excepted still send', () => {
  const sending = senders.map(({ file }) => file)
  expect(Object.keys(SENT_ON).filter((file) => !sending.includes(file))).toEqual([])
})

it('a request that says nothing is found, wherever it stands, and one that another says it for is not', () => {
  const text = `const a = await fetch(url, { redirect: 'manual', signal })
const b = await Promise.all([fetch(url)])
fetch(url).then(read)
const c = ports.fetch(url, { redirect: 'manual' })
const d = app.fetch(request)
const e = await fetch(url, asked)`
  expect(looseIn('x.ts', text)).toEqual([2, 3, 4])
})
