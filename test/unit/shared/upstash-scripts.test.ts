import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { scriptCall } from '../../../shared/redis-script.ts'
import { storeBreaker } from '../../../shared/upstash-client.ts'
import { upstashScripts } from '../../../shared/upstash-scripts.ts'

const SCRIPT = { name: 'one', sha: 'abc', lua: 'return 1' }
const callOf = (...args: (string | number)[]) => scriptCall(SCRIPT, ['k'], args)

/** Scripts before a store that answers with `answer`, and what it was asked. */
async function storeThat(
  answer: (commands: string[][]) => { status?: number; body: unknown } | 'silence',
  options = {},
) {
  const asked: { path: string | undefined; authorization: string | undefined; commands: string[][] }[] = []
  const server = createServer(async (request, response) => {
    const commands = JSON.parse((await Array.fromAsync(request)).join(''))
    const { url: path, headers } = request
    asked.push({ path, authorization: headers.authorization, commands })
    const said = answer(commands)
    if (said === 'silence') return void request.socket.destroy()
    const body = typeof said.body === 'string' ? said.body : JSON.stringify(said.body)
    response.writeHead(said.status ?? 200, { 'content-type': 'application/json' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return { asked, run: upstashScripts({ url, token: 't', timeoutMs: 2000, ...options }) }
}
const echo = (commands: string[][]) => ({ body: commands.map((words) => ({ result: words.at(-1) })) })

describe('scripts', () => {
  it('run in one tick share a request, each with its own reply; the next tick has another', async () => {
    const { asked, run } = await storeThat(echo)
    expect(await Promise.all([run(callOf(1)), run(callOf(2))])).toEqual(['1', '2'])
    expect(await run(callOf('x', 3))).toBe('3')
    expect(asked).toEqual([
      {
        path: '/pipeline',
        authorization: 'Bearer t',
        commands: [
          ['EVALSHA', 'abc', '1', 'k', '1'],
          ['EVALSHA', 'abc', '1', 'k', '2'],
        ],
      },
      { path: '/pipeline', authorization: 'Bearer t', commands: [['EVALSHA', 'abc', '1', 'k', 'x', '3']] },
    ])
  })

  it('that Redis does not hold are sent with their text, together', async () => {
    const { asked, run } = await storeThat((commands) => ({
      body: commands.map(([name]) =>
        name === 'EVALSHA' ? { error: 'NOSCRIPT No matching' } : { result: 1 },
      ),
    }))
    expect(await Promise.all([run(callOf(1)), run(callOf(2))])).toEqual([1, 1])
    expect(asked.map(({ commands }) => commands.map(([name, text]) => `${name} ${text}`))).toEqual([
      ['EVALSHA abc', 'EVALSHA abc'],
      ['EVAL return 1', 'EVAL return 1'],
    ])
  })

  it('fail one by one', async () => {
    const { run } = await storeThat(() => ({ body: [{ error: 'OOM' }, { result: 'fine' }] }))
    const [first, second] = await Promise.allSettled([run(callOf(1)), run(callOf(2))])
    expect(first).toMatchObject({ status: 'rejected', reason: { name: 'UpstashError' } })
    expect(second).toEqual({ status: 'fulfilled', value: 'fine' })
  })

  it.each([
    ['another status', { status: 500, body: '[{"result":1}]' }],
    ['a page', { body: '<html>' }],
    ['no list', { body: { result: 1 } }],
    ['too few replies', { body: [] }],
    ['too many replies', { body: [{ result: 1 }, { result: 2 }] }],
  ])('fail by %s, which is an answer and no silence', async (_, said) => {
    const breaker = storeBreaker({ now: () => 0 })
    const { asked, run } = await storeThat(() => said, { breaker })
    for (let n = 0; n < 4; n++) await expect(run(callOf(1))).rejects.toMatchObject({ name: 'UpstashError' })
    expect(asked).toHaveLength(4)
  })

  it('are not sent while the store is known to be silent, unless they insist', async () => {
    const breaker = storeBreaker({ now: () => 0 })
    const { asked, run } = await storeThat(() => 'silence', { breaker })
    for (let n = 0; n < 5; n++) await expect(run(callOf(1))).rejects.toThrow()
    expect(asked).toHaveLength(3)
    const other = await storeThat(() => 'silence', { breaker, insists: true })
    await expect(other.run(callOf(1))).rejects.toThrow()
    expect(other.asked).toHaveLength(1)
  })
})
