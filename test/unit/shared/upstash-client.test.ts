import { describe, expect, it } from 'vitest'
import { type ScriptCall, scriptCall } from '../../../shared/redis-script.ts'
import {
  fieldsOf,
  listOf,
  runScript,
  scoredOf,
  storeBreaker,
  upstashClient,
} from '../../../shared/upstash-client.ts'
import { answering } from '../../fixtures/answering.ts'

const SCRIPT = { name: 'one', sha: 'abc', lua: 'return 1' }
const callOf = (...args: (string | number)[]) => scriptCall(SCRIPT, ['k'], args)

/** A client of a store that answers with `answer`, and what it was asked. */
async function storeThat(
  answer: (commands: string[][]) => { status?: number; body: unknown } | 'silence',
  { end = '', ...options }: Partial<Parameters<typeof upstashClient>[0]> & { end?: string } = {},
) {
  const asked: { path: string | undefined; authorization: string | undefined; commands: string[][] }[] = []
  const store = await answering(async (request, response) => {
    const commands = JSON.parse((await Array.fromAsync(request)).join(''))
    const { url: path, headers } = request
    asked.push({ path, authorization: headers.authorization, commands })
    const said = answer(commands)
    if (said === 'silence') return void request.socket.destroy()
    const body = typeof said.body === 'string' ? said.body : JSON.stringify(said.body)
    response.writeHead(said.status ?? 200, { 'content-type': 'application/json' }).end(body)
  })
  const redis = upstashClient({ url: `${store}${end}`, token: 't', timeoutMs: 2000, ...options })
  return { asked, redis, run: (call: ScriptCall) => runScript(redis, call) }
}
const echo = (commands: string[][]) => ({ body: commands.map((words) => ({ result: words.at(-1) })) })

it.each(['', '/', '//'])('asks Redis behind a base URL that ends with "%s"', async (end) => {
  const { asked, redis } = await storeThat(echo, { end })
  expect(await redis.command('ECHO', 1.5)).toBe('1.5')
  expect(asked).toMatchObject([{ path: '/pipeline', commands: [['ECHO', '1.5']] }])
})

it('reads no answer without end, and takes it for the answer of a store that is there', async () => {
  const MIB = 1024 * 1024
  let sent = 0
  const endless = () =>
    new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          sent++
          if (sent <= 70) return controller.enqueue(new Uint8Array(MIB).fill(32))
          controller.enqueue(new TextEncoder().encode('[{"result":1}]'))
          controller.close()
        },
      },
      { highWaterMark: 0 },
    )
  const changes: boolean[] = []
  const breaker = storeBreaker({ now: Date.now, onChange: (away) => void changes.push(away) })
  const fetch = async () => new Response(endless())
  const redis = upstashClient({ url: 'https://redis.example', token: 't', timeoutMs: 2000, breaker, fetch })
  for (let n = 0; n < 8; n++) {
    sent = 0
    await expect(redis.command('GET', 'x')).rejects.toThrow(
      /^the store's answer has more than 67108864 bytes$/,
    )
    expect(sent).toBe(65)
  }
  expect(changes).toEqual([])
})

describe('a transaction', () => {
  it('is a request of its own, by its own path', async () => {
    const { asked, redis } = await storeThat(echo)
    await Promise.all([
      redis.transaction([
        ['INCR', 'a'],
        ['SET', 'b', 2],
      ]),
      redis.command('PING'),
    ])
    expect(asked.map(({ path, commands }) => [path, commands]).sort()).toEqual([
      [
        '/multi-exec',
        [
          ['INCR', 'a'],
          ['SET', 'b', '2'],
        ],
      ],
      ['/pipeline', [['PING']]],
    ])
  })

  it('fails where one of its commands does', async () => {
    const { redis } = await storeThat(() => ({ body: [{ result: 1 }, { error: 'WRONGTYPE Operation' }] }))
    const failed = redis.transaction([
      ['INCR', 'a'],
      ['HGET', 'a', 'b'],
    ])
    await expect(failed).rejects.toMatchObject({ name: 'UpstashError', message: 'WRONGTYPE Operation' })
  })
})

describe('an error', () => {
  it("of a request that the store refuses as a whole has the store's own words, without the whole command", async () => {
    const said = `max request size exceeded. Limit: 1 bytes, command was: ${'x'.repeat(5000)}`
    const { redis } = await storeThat(() => ({ status: 400, body: { error: said } }))
    await expect(redis.command('SET', 'k', 'v')).rejects.toMatchObject({ message: said.slice(0, 200) })
  })
})

describe('replies', () => {
  it('of fields are names and values in turn', () => {
    expect(fieldsOf(['a', 1, '__proto__', 'b'])).toEqual(
      Object.fromEntries([
        ['a', '1'],
        ['__proto__', 'b'],
      ]),
    )
    expect([fieldsOf([]), fieldsOf(null)]).toEqual([{}, {}])
  })

  it.each([[{ a: 1 }], ['a=1'], [undefined]])('of anything else are refused: %j', (reply) => {
    expect(() => fieldsOf(reply)).toThrow(TypeError)
    expect(() => listOf(reply)).toThrow(TypeError)
  })
})

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

it('reads members of a sorted set, each with the score behind it', () => {
  expect(scoredOf(['a', '1', 'b', 2.5])).toEqual([
    { member: 'a', score: 1 },
    { member: 'b', score: 2.5 },
  ])
  expect(scoredOf([])).toEqual([])
  expect(() => scoredOf(null)).toThrow(TypeError)
})
