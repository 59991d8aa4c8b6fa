import { expect, it } from 'vitest'
import { codeLines, repositoryFiles } from '../../fixtures/imports.ts'

/** A request that a file sends itself; `app.fetch(` and its like answer one, and `{ fetch(` declares what does. */
const SENDS = /(?:await|return|=>|=)\s+(?:hub\.)?fetch\(/

/** Files that send what another file or a client of their own has said, and why nothing is to be said there. */
const SENT_ON: Readonly<Record<string, string>> = {
  'edge/routes/page-text.ts': 'a page of the browser, where redirects are errors',
  'edge/runtime/edge.ts': 'the global fetch for other files',
  'edge/upstream/host-headers.ts': 'adds headers',
  'shared/fetch.ts': 'adds what ends a call',
}

const codeOf = (file: string) => codeLines(file).join('\n')
const senders = repositoryFiles()
  .filter((file) => /^(?:edge|inference-host|shared)\/.*\.ts$/.test(file) && !(file in SENT_ON))
  .map((file) => ({ file, code: codeOf(file) }))
  .filter(({ code }) => SENDS.test(code))

it('each file that sends a request follows no redirect, which would have the secret, and ends what does not answer', () => {
  expect(senders.length).toBeGreaterThan(8)
  const loose = senders.filter(
    ({ code }) => !/redirect: 'manual'/.test(code) || !/\bsignal\b|\btimeoutMs\b|\.\.\.end\b/.test(code),
  )
  expect(loose.map(({ file }) => file)).toEqual([])
})

it('files that are excepted still send', () => {
  expect(Object.keys(SENT_ON).filter((file) => !SENDS.test(codeOf(file)))).toEqual([])
})
