import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { commentOf, ROOT, repositoryFiles } from '../../fixtures/imports.ts'

/** A request that a file sends itself; `app.fetch(` and its like answer one, and `{ fetch(` declares what does. */
const SENDS = /(?:await|return|=>|=) +(?:hub\.)?fetch\(|=>\n +fetch\(/

/** Files that send what another file or a client of their own has said, and why nothing is to be said there. */
const SENT_ON: Readonly<Record<string, string>> = {
  'edge/routes/page-text.ts': 'a page of the browser, where redirects are errors',
  'edge/runtime/edge.ts': 'the global fetch for other files',
  'edge/upstream/host-headers.ts': 'adds headers',
  'shared/fetch.ts': 'adds what ends a call',
}

const senders = repositoryFiles()
  .filter((file) => /^(?:edge|inference-host|shared)\/.*\.ts$/.test(file))
  .flatMap((file) => {
    const lines = readFileSync(path.join(ROOT, file), 'utf8').split('\n')
    const code = lines.map((line) => line.replace(commentOf(line), '')).join('\n')
    return SENDS.test(code) && !(file in SENT_ON) ? [{ file, code }] : []
  })

it('each file that sends a request follows no redirect, which would have the secret, and ends what does not answer', () => {
  expect(senders.length).toBeGreaterThan(8)
  const loose = senders.filter(
    ({ code }) => !/redirect: 'manual'/.test(code) || !/\bsignal\b|\btimeoutMs\b|\.\.\.end\b/.test(code),
  )
  expect(loose.map(({ file }) => file)).toEqual([])
})

it('files that are excepted still send', () => {
  const sending = (file: string) => SENDS.test(readFileSync(path.join(ROOT, file), 'utf8'))
  expect(Object.keys(SENT_ON).filter((file) => !sending(file))).toEqual([])
})
