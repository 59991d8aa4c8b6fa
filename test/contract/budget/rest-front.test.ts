import { Redis } from '@upstash/redis'
import { describe, expect, it } from 'vitest'
import { startEmbeddedRedis } from '../../../local/redis/embedded.ts'
import { startRestFront } from '../../../local/redis/rest.ts'
import { describeEachRedis } from './each-redis.ts'

describeEachRedis('the REST front', (redis) => {
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${redis.local().url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${redis.local().token}`, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })

  it('answers a command, as it is and in base64', async () => {
    expect(await (await post('/', ['SET', 'k', 'grüße'])).json()).toEqual({ result: 'OK' })
    expect(await (await post('/', ['GET', 'k'])).json()).toEqual({ result: 'grüße' })
    const encoded = { 'upstash-encoding': 'base64' }
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    expect(await (await post('/', ['SET', 'ok', 'OK'], encoded)).json()).toEqual({ result: 'OK' })
    expect(await (await post('/', ['GET', 'ok'], encoded)).json()).toEqual({ result: base64('OK') })
    expect(await (await post('/', ['MGET', 'k', 'none'], encoded)).json()).toEqual({
      result: [base64('grüße'), null],
    })
    expect(await (await post('/', ['INCR', 'n'], encoded)).json()).toEqual({ result: 1 })
  })

  it('answers each command of a pipeline, errors included', async () => {
    const answer = await post('/pipeline', [['SET', 'k', 1], ['HGET', 'k', 'f'], ['NOPE'], ['INCR', 'k']])
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual([
      { result: 'OK' },
      { error: expect.stringMatching(/^WRONGTYPE /) },
      { error: expect.stringMatching(/^ERR unknown command/) },
      { result: 2 },
    ])
  })

  it('runs a transaction as one', async () => {
    const answer = await post('/multi-exec', [
      ['INCR', 't'],
      ['HGET', 't', 'f'],
      ['INCR', 't'],
    ])
    expect(await answer.json()).toEqual([
      { result: 1 },
      { error: expect.stringMatching(/^WRONGTYPE /) },
      { result: 2 },
    ])
  })

  it.each([
    ['a wrong token', '/', ['PING'], { authorization: 'Bearer wrong' }, 401],
    ['a pipeline with a wrong token', '/pipeline', [['PING']], { authorization: 'Bearer wrong' }, 401],
    ['no JSON', '/', '{', {}, 400],
    ['no list', '/', { command: 'PING' }, {}, 400],
    ['an empty pipeline', '/pipeline', [], {}, 400],
    ['a pipeline of no commands', '/pipeline', ['PING'], {}, 400],
    ['an unknown command', '/', ['NOPE'], {}, 400],
    ['a command that would hold up the shared connection', '/', ['SUBSCRIBE', 'c'], {}, 400],
    ['a command that would end Redis', '/pipeline', [['PING'], ['shutdown']], {}, 400],
    ['an unknown path', '/set/k/v', '', {}, 404],
    ['a body over 10 MiB', '/', JSON.stringify(['SET', 'k', 'x'.repeat(10 * 1024 * 1024)]), {}, 413],
  ])('refuses %s', async (_name, path, body, headers, status) => {
    const answer = await post(path, body, headers as Record<string, string>)
    expect(answer.status).toBe(status)
    expect(await answer.json()).toEqual({ error: expect.any(String) })
    expect(await redis.command('PING')).toBe('PONG')
  })

  it('counts requests and commands for who has the token', async () => {
    const url = `${redis.local().url}/twohop/stats`
    const headers = { authorization: `Bearer ${redis.local().token}` }
    const stats = async () =>
      (await (await fetch(url, { headers })).json()) as { requests: number; commands: number }
    const before = await stats()
    await post('/', ['PING'])
    await post('/pipeline', [['PING'], ['PING'], ['PING']])
    expect(await stats()).toEqual({ requests: before.requests + 2, commands: before.commands + 4 })
    expect((await fetch(url)).status).toBe(401)
  })

  it("serves Upstash's own client: values, pipelines, transactions, scripts in its dialect", async () => {
    const { url, token } = redis.local()
    const client = new Redis({ url, token, enableTelemetry: false })
    await client.set('object', { deep: [1, 'zwei'] })
    expect(await client.get('object')).toEqual({ deep: [1, 'zwei'] })
    expect(await client.multi().incr('n').incr('n').exec()).toEqual([1, 2])
    expect(await Promise.all([client.get('n'), client.get('none'), client.hgetall('none')])).toEqual([
      2,
      null,
      null,
    ])
    const script = client.createScript<[string, number]>('#!lua flags=allow-key-locking\nreturn {ARGV[1], 7}')
    for (let i = 0; i < 2; i++) expect(await script.exec([], ['x'])).toEqual(['x', 7])
  })

  it('answers large replies whole', async () => {
    const members = Array.from({ length: 5000 }, (_, i) => [i, `member-${i}-${'x'.repeat(100)}`])
    await redis.command('ZADD', 'large', ...members.flat())
    expect(await redis.command('ZRANGE', 'large', 0, -1)).toEqual(members.map(([, name]) => name))
  })
})

describe('the REST front', () => {
  it('says that a port is taken', async () => {
    const store = startEmbeddedRedis()
    const first = await startRestFront({ store, token: 't' })
    const port = Number(new URL(first.url).port)
    await expect(startRestFront({ store, token: 't', port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await first.stop()
  })
})
