import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { freePort } from '../../../bench/kit.ts'
import { type Part, startPart } from '../../../local/part.ts'
import { noRedisServer, redisServer } from '../../fixtures/redis-server.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const FRONT = new URL('../../../local/redis/front.ts', import.meta.url)
const PASSWORDS = { REDIS_PASSWORD: 'a-password-of-redis', HOST_REDIS_PASSWORD: 'a-password-of-the-host' }
const TOKEN = 'a-token-of-thirty-two-characters-'
const HOST_TOKEN = 'another-token-of-32-characters---'

// Redis as deploy/compose.yaml starts it, and the two fronts that it starts before that.
describe.skipIf(!redisServer)(`a Redis of one's own${noRedisServer}`, () => {
  let dir: string
  let port: number
  let server: ChildProcess
  const fronts: Part<{ url: string }>[] = []
  let edge: string
  let host: string

  async function startServer(): Promise<void> {
    const { services } = parse(await readFile(join(root, 'deploy/compose.yaml'), 'utf8')) as {
      services: { redis: { command: string[] } }
    }
    const [, ...args] = services.redis.command.map((argument) =>
      argument.replaceAll(/\$\{(\w+):\?\}/g, (_, name: keyof typeof PASSWORDS) => PASSWORDS[name]),
    )
    server = spawn(redisServer ?? '', [...args, '--port', String(port), '--dir', dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for await (const text of server.stdout ?? [])
      if (String(text).includes('Ready to accept connections')) return
    throw new Error('redis-server did not start')
  }
  async function front(env: Record<string, string>): Promise<string> {
    const part = await startPart<{ url: string }>(FRONT, {
      env: { REDIS_PORT: String(port), REDIS_REST_PORT: '0', ...env },
    })
    fronts.push(part)
    return part.ready.url
  }
  async function ask(url: string, token: string, ...command: string[]) {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(command),
    })
    return { status: answer.status, ...((await answer.json()) as { result?: unknown; error?: string }) }
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'twohop-own-redis-'))
    port = await freePort()
    await startServer()
    edge = await front({ REDIS_PASSWORD: PASSWORDS.REDIS_PASSWORD, REDIS_REST_TOKEN: TOKEN })
    host = await front({
      REDIS_USER: 'host',
      REDIS_PASSWORD: PASSWORDS.HOST_REDIS_PASSWORD,
      REDIS_REST_TOKEN: HOST_TOKEN,
    })
  })
  afterAll(async () => {
    for (const part of fronts) await part.stop()
    server?.kill('SIGKILL')
    await rm(dir, { recursive: true, force: true, maxRetries: 10 })
  })

  it('keeps a connection for longer than the proxies in front of it do', async () => {
    const { headers } = await fetch(edge, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: '["PING"]',
    })
    expect(headers.get('keep-alive')).toBe('timeout=75')
  })

  it('answers whoever has the token, as Upstash does', async () => {
    expect(await ask(edge, TOKEN, 'SET', 'k', 'v')).toEqual({ status: 200, result: 'OK' })
    expect(await ask(edge, TOKEN, 'EVAL', 'return redis.call("get", KEYS[1])', '1', 'k')).toEqual({
      ...{ status: 200, result: 'v' },
    })
    expect(await ask(edge, HOST_TOKEN, 'GET', 'k')).toMatchObject({ status: 401 })
  })

  it("lets the host's user reach jobs, and nothing else", async () => {
    await ask(edge, TOKEN, 'DEL', 'twohop:job:1')
    expect(await ask(host, HOST_TOKEN, 'HSET', 'twohop:job:1', 'f', 'v')).toEqual({ status: 200, result: 1 })
    for (const command of [
      ['GET', 'k'],
      ['HGETALL', 'twohop:account:a'],
      ['KEYS', '*'],
      ['FLUSHALL'],
      ['CONFIG', 'GET', '*'],
      ['EVAL', 'return redis.call("get", KEYS[1])', '1', 'k'],
    ])
      expect([command, (await ask(host, HOST_TOKEN, ...command)).error]).toEqual([
        command,
        expect.stringContaining('NOPERM'),
      ])
    expect(await ask(host, TOKEN, 'HGET', 'twohop:job:1', 'f')).toMatchObject({ status: 401 })
  })

  it('goes on after Redis was killed, with all that was written', async () => {
    const ended = once(server, 'exit')
    server.kill('SIGTERM')
    await ended
    const meanwhile = await ask(edge, TOKEN, 'GET', 'k')
    await startServer()
    expect(meanwhile).toMatchObject({ status: 500 })
    expect(await ask(edge, TOKEN, 'GET', 'k')).toEqual({ status: 200, result: 'v' })
    expect(await ask(host, HOST_TOKEN, 'HGET', 'twohop:job:1', 'f')).toEqual({ status: 200, result: 'v' })
  })

  it('tells of a wrong password, and does not repeat it', async () => {
    const wrong = await front({ REDIS_PASSWORD: 'a-wrong-password', REDIS_REST_TOKEN: TOKEN })
    const refused = await ask(wrong, TOKEN, 'GET', 'k')
    expect(refused).toEqual({ status: 500, error: 'ERR Redis does not take this user and password' })
    const without = await front({ REDIS_REST_TOKEN: TOKEN })
    expect((await ask(without, TOKEN, 'GET', 'k')).error).toContain('NOAUTH')
  })

  it('does not start without a token that nobody guesses', async () => {
    await expect(front({ REDIS_REST_TOKEN: 'short' })).rejects.toThrow(
      'redis-rest: REDIS_REST_TOKEN: must have at least 32 characters',
    )
    await expect(front({ REDIS_REST_TOKEN: '' })).rejects.toThrow('REDIS_REST_TOKEN')
  })
})
