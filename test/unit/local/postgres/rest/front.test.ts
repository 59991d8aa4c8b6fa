import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { startRest } from '../../../../../local/postgres/rest/front.ts'

const MIB = 1024 * 1024
const nobody = () => Promise.reject(new Error('no token is shown'))

/** What the front, whose database is not up, says to a body of so many MiB. */
async function answerTo(mebibytes: number, framing: Record<string, string>) {
  const rest = await startRest({
    ...{ database: () => undefined, schemas: ['twohop'], keys: nobody, issuer: 'https://issuer.example' },
    ...{ publishableKey: 'p', secretKey: 's' },
  })
  onTestFinished(() => rest.stop())
  const headers = { apikey: 's', 'content-type': 'application/json', ...framing }
  const asked = request(`${rest.url}/rest/v1/rpc/record_usage_events`, { method: 'POST', headers })
  asked.on('error', () => {})
  for (let n = 0; n < mebibytes; n++) asked.write(Buffer.alloc(MIB, ' '))
  asked.end()
  const [answer] = await once(asked, 'response')
  return [answer.statusCode, JSON.parse(await text(answer)).code]
}

it.each([
  ['in chunks', () => ({ 'transfer-encoding': 'chunked' })],
  ['of a stated length', (mebibytes: number) => ({ 'content-length': String(mebibytes * MIB) })],
] as const)('takes a body %s of 4 MiB at most', async (_, framing) => {
  expect(await answerTo(4, framing(4))).toEqual([503, 'PGRST002'])
  expect(await answerTo(5, framing(5))).toEqual([413, 'PGRST102'])
})
