import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { asUpstash } from '../../../local/redis/dialect.ts'
import { startEmbeddedRedis } from '../../../local/redis/embedded.ts'
import { RedisError, type RedisReply, type RedisStore, Status } from '../../../local/redis/port.ts'
import { startRealRedis } from '../../../local/redis/real.ts'
import { noRedisServer, redisServer } from '../../fixtures/redis-server.ts'

/** A reply to compare: errors without the place in a script, and without how Lua 5.1 words what it can't parse. */
function comparable(reply: RedisReply): unknown {
  if (reply instanceof Status) return { status: reply.text }
  if (reply instanceof RedisError)
    return {
      error: reply.message.replace(/ script: .*$| ?user_script:\d+: .*$|(?<=\(new function\)).*$/, ''),
    }
  return Array.isArray(reply) ? reply.map(comparable) : reply
}

/** Runs the commands on both kinds and compares reply by reply. */
async function expectSame(commands: string[][]): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'twohop-test-'))
  const real = asUpstash(await startRealRedis(redisServer as string, dir))
  const embedded = asUpstash(startEmbeddedRedis())
  try {
    await compare(real, embedded, commands)
  } finally {
    await real.stop()
    await rm(dir, { recursive: true, force: true, maxRetries: 10 })
  }
}

async function compare(real: RedisStore, embedded: RedisStore, commands: string[][]): Promise<void> {
  for (const command of commands)
    expect(comparable(await embedded.execute(command)), command.join(' ')).toEqual(
      comparable(await real.execute(command)),
    )
}

const words = (text: string) =>
  text.split('\n').flatMap((line) => (line.trim() ? [line.trim().split(' ')] : []))
const lua = (script: string, ...args: string[]) => ['EVAL', script, '1', 'key', ...args]

it.skipIf(!redisServer)(`answers commands as redis-server does${noRedisServer}`, () =>
  expectSame(
    words(`
      PING
      PING hello
      NOPE x
      GET s
      SET s 1
      SET s 2 NX
      SET s 3 XX GET
      SET s 4 PX 100000
      TTL s
      SET s 5 KEEPTTL
      TTL s
      SET s 6
      PTTL s
      SET s 1 EX 0
      SET s 1 BOGUS
      INCR s
      INCRBY s 9007199254740900
      INCRBY s x
      INCRBY s 9223372036854775807
      DECRBY s 7
      GET s
      MGET s none
      SETNX s 1
      HGET s f
      EXPIRE s 100
      TTL s
      PERSIST s
      TTL s
      PERSIST s
      PEXPIRE s 100 GT
      PEXPIRE s 100000 LT
      PEXPIRE s 200000 XX
      PEXPIRE s 300000 NX
      PEXPIRE s 300000 GT
      PEXPIRE s 300000 ODD
      TTL s
      PEXPIREAT s 1
      EXISTS s
      TTL s
      PTTL none
      EXPIRE none 5
      HSET h a 1 b 2
      HSET h a 3 c 4
      HSET h a
      HGET h a
      HGET h z
      HMGET h a z c
      HMGET none a
      HGETALL h
      HGETALL none
      HLEN h
      HKEYS h
      HVALS h
      HEXISTS h a
      HSETNX h a 9
      HINCRBY h a 9007199254740000
      HINCRBY h a -9007199254740003
      HINCRBY h n 5
      HINCRBY h n 1.5
      HINCRBY h n -0
      HSET h t text
      HINCRBY h t 1
      HDEL h a b c n t zz
      EXISTS h
      TYPE h
      ZADD z 3 c 1 a 2 b
      ZADD z 5 a
      ZADD z CH 6 a
      ZADD z NX 9 a
      ZADD z XX 9 new
      ZADD z GT 1 a
      ZADD z x a
      ZADD z 1
      ZCARD z
      ZSCORE z a
      ZSCORE z none
      ZADD z 1795263778958 t
      ZSCORE z t
      ZRANGE z 0 -1
      ZRANGE z 0 -1 WITHSCORES
      ZRANGE z -2 -1
      ZRANGE z 5 9
      ZRANGE z 0 -9
      ZRANGE z 2 6 BYSCORE
      ZRANGE z (2 +inf BYSCORE LIMIT 1 1
      ZRANGEBYSCORE z -inf +inf LIMIT 0 2
      ZRANGEBYSCORE z (2 3 WITHSCORES
      ZRANGEBYSCORE z x 3
      ZCOUNT z (2 +inf
      ZCOUNT z 2 3
      ZCOUNT none 0 1
      ZREM z c none
      ZREMRANGEBYRANK z 0 -5
      ZREMRANGEBYRANK z 0 -100
      ZREMRANGEBYSCORE z -inf (6
      ZRANGE z 0 -1
      ZREMRANGEBYSCORE z -inf +inf
      EXISTS z
      ZADD tie 1 b 1 a 1 B
      ZRANGE tie 0 -1
      TYPE tie
      XADD x 5-1 a 1
      XADD x 5-1 a 1
      XADD x 5-2 a 2 b 3
      XADD x 6 a
      XADD x 7-0 c 4
      XLEN x
      XRANGE x - +
      XRANGE x 5-2 +
      XRANGE x (5-1 6
      XRANGE x - + COUNT 1
      XRANGE x bad +
      XRANGE none - +
      XREVRANGE x + - COUNT 2
      XGROUP CREATE none g 0
      XGROUP CREATE x g 0
      XGROUP CREATE x g 0
      XGROUP CREATE made g $ MKSTREAM
      XREADGROUP GROUP g c COUNT 2 STREAMS x >
      XREADGROUP GROUP g c COUNT 2 STREAMS x >
      XREADGROUP GROUP g c COUNT 2 STREAMS x >
      XREADGROUP GROUP g c STREAMS x 0
      XREADGROUP GROUP g d STREAMS x 0
      XREADGROUP GROUP nope c STREAMS x >
      XPENDING x g
      XACK x g 5-1 5-2 9-9
      XREADGROUP GROUP g c STREAMS x 0
      XACK x g 7-0
      XPENDING x g
      XADD c 1-1 a 1
      XADD c 2-1 a 2
      XADD c 3-1 a 3
      XADD c 4-1 a 4
      XCLAIM c g y 0 1-1
      XAUTOCLAIM c g y 0 0
      XGROUP DELCONSUMER c g y
      XGROUP DELCONSUMER none g y
      XGROUP CREATE c g 0
      XGROUP DELCONSUMER c g nobody
      XREADGROUP GROUP g one STREAMS c >
      XCLAIM c g two 3600000 1-1
      XCLAIM c g two 0 1-1 9-9 JUSTID
      XCLAIM c g two 0 2-1 IDLE 5000000
      XAUTOCLAIM c g three 3600000 0
      XREADGROUP GROUP g two STREAMS c 0
      XREADGROUP GROUP g three STREAMS c 0
      XAUTOCLAIM c g four 0 2-1 COUNT 1 JUSTID
      XAUTOCLAIM c g four 0 - COUNT 2
      XAUTOCLAIM c g four 0 bad
      XDEL c 3-1
      XAUTOCLAIM c g five 0 3-1
      XDEL c 1-1
      XCLAIM c g five 0 1-1 2-1
      XPENDING c g
      XGROUP DELCONSUMER c g five
      XPENDING c g
      XREADGROUP GROUP g five STREAMS c >
      XDEL x 5-1 9-9
      XLEN x
      XADD x MAXLEN 1 8-0 d 5
      XRANGE x - +
      GET x
      DBSIZE
      TYPE x
      SCAN 0 MATCH nothing*
      KEYS [t]ie
      KEYS t?e
      DEL x c tie made none
      UNLINK none
      KEYS *
      EVALSHA ffffffffffffffffffffffffffffffffffffffff 0
      EVAL 0
      EVAL return 2
      EVAL return -1
      SCRIPT EXISTS ffffffffffffffffffffffffffffffffffffffff
      FLUSHALL
      DBSIZE
    `).filter((command) => command[0] !== 'EVAL'),
  ),
)

it.skipIf(!redisServer)(`converts between Lua and Redis as redis-server does${noRedisServer}`, () =>
  expectSame([
    lua('return 1'),
    lua('return 3.99'),
    lua('return -3.99'),
    lua('return 9007199254740991'),
    lua('return ARGV[1] + 2000000000', '2000000000'),
    lua("return tonumber('2000000000') * 1000"),
    lua('return #ARGV * 3000000000', 'a', 'b'),
    lua('return math.floor(1795263778958 / 60000) * 60000'),
    lua('return tostring(2 ^ 53 - 1)'),
    lua('return tostring(12)'),
    lua(
      'return {tostring(0.5), tostring(1e14), tostring(99999999999999), tostring(1 / 3), tostring(0.00001)}',
    ),
    lua("return string.format('%.0f', 2 ^ 53 - 1)"),
    lua("return string.format('%04.0f-%02.0f', 2026, 7)"),
    lua('return true'),
    lua('return false'),
    lua('return nil'),
    lua("return 'text'"),
    lua('return {1, 2.5, "three", {4}, false, true}'),
    lua('return {1, nil, 3}'),
    lua('return {}'),
    lua("return {ok = 'FINE'}"),
    lua("return {err = 'MY error'}"),
    lua("return redis.status_reply('FINE')"),
    lua("return redis.error_reply('MY error')"),
    lua('return {KEYS[1], ARGV[1], ARGV[2]}', 'a', 'ü'),
    lua("return redis.call('GET', 'none')"),
    lua("return redis.call('GET', 'none') == false"),
    lua("return redis.call('SET', KEYS[1], 2 ^ 53 - 1)"),
    lua("return redis.call('GET', KEYS[1])"),
    lua("redis.call('SET', KEYS[1], 0.1) return redis.call('GET', KEYS[1])"),
    lua("return redis.call('SET', KEYS[1], 'x')['ok']"),
    lua("return type(redis.call('INCR', 'counter'))"),
    lua("return redis.call('HMGET', 'none', 'a', 'b')"),
    lua("local r = redis.call('HMGET', 'none', 'a', 'b') return {#r, r[1] == false, tonumber(r[1] or 7)}"),
    lua("return redis.call('HINCRBY', KEYS[1], 'f', 1)"),
    lua("local r = redis.pcall('HINCRBY', KEYS[1], 'f', 1) return {type(r), r.err ~= nil}"),
    lua("redis.call('SET', 'written', 1) return redis.call('NOPE')"),
    ['GET', 'written'],
    lua("return redis.call('SET', KEYS[1], {})"),
    lua("return tonumber('x') == nil and tonumber('') == nil"),
    lua("return {tonumber('0x10'), tonumber('ff', 16), tonumber(' 5 ')}"),
    lua('return {math.floor(-1.5), math.ceil(1.2), math.min(3, 2), 7 % 3, -7 % 3, 2 ^ 10}'),
    lua('local t = {} for i = 3, 1, -1 do table.insert(t, i) end return t'),
    lua('return {unpack({1, 2, 3})}'),
    lua("return redis.call('HSET', 'u', 'a', '1', unpack({'b', '2', 'c', '3'}))"),
    lua("return {string.find(' a b.c ', ' b.c ', 1, true), string.find(' abc ', ' b ', 1, true) == nil}"),
    lua("return {string.match('month:2026-11-15', ':(.*)$'), string.match('day', '^project_(.*)$') == nil}"),
    lua("return string.sub('2026-11-15', 1, 7)"),
    lua("local t = {} table.insert(t, '') return {#t, next({}) == nil, t[1]}"),
    lua('return {math.max(0, -5 + ARGV[1]), math.min(31, ARGV[1] / 1)}', '3'),
    lua('local n, m = (function() return 1, 2 end)() return {n, m, ({10, 20})[m]}'),
    lua('return ({31, 28, 31})[math.floor(2.5)]'),
    lua('return 1 +'),
    ['SCRIPT', 'LOAD', 'return {KEYS[1], ARGV[1]}'],
    ['EVALSHA', '7ad4e6a4ca9d19b2ad8b9a4d0a8e4d7d5cbe15ae', '1', 'k', 'v'],
    ['EVAL', 'return 1', '2', 'k'],
    ['EVAL', 'return 1', '-1'],
    ['EVAL', 'return 1', 'x'],
    ['EVAL', "#!lua flags=allow-key-locking\nreturn redis.call('INCRBY', KEYS[1], ARGV[1])", '1', 'n', '2'],
  ]),
)

it.skipIf(!redisServer)(`keeps globals from scripts, as redis-server does${noRedisServer}`, async () => {
  const embedded = startEmbeddedRedis()
  const dir = await mkdtemp(join(tmpdir(), 'twohop-test-'))
  const real = await startRealRedis(redisServer as string, dir)
  for (const script of ['x = 1', 'return x', 'return print', 'return io', 'return load']) {
    const [here, there] = [await embedded.execute(lua(script)), await real.execute(lua(script))]
    expect([script, here instanceof RedisError]).toEqual([script, there instanceof RedisError])
  }
  await real.stop()
  await rm(dir, { recursive: true, force: true, maxRetries: 10 })
})

it.skipIf(!redisServer)(`agrees with redis-server on random commands${noRedisServer}`, async () => {
  const key = fc.constantFrom('a', 'b')
  const field = fc.constantFrom('f', 'g')
  const number = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.maxSafeInteger()).map(String)
  const bound = fc.oneof(
    number,
    number.map((text) => `(${text}`),
    fc.constantFrom('-inf', '+inf'),
  )
  const command = fc.oneof(
    fc.tuple(fc.constant('HSET'), key, field, number),
    fc.tuple(fc.constant('HINCRBY'), key, field, number),
    fc.tuple(fc.constant('HMGET'), key, field, field),
    fc.tuple(fc.constant('HDEL'), key, field),
    fc.tuple(fc.constant('ZADD'), key, number, field),
    fc.tuple(fc.constant('ZREM'), key, field),
    fc.tuple(
      fc.constant('ZREMRANGEBYRANK'),
      key,
      fc.constantFrom('0', '1', '-2'),
      fc.constantFrom('0', '-2', '-9'),
    ),
    fc.tuple(fc.constantFrom('ZCOUNT', 'ZRANGEBYSCORE', 'ZREMRANGEBYSCORE'), key, bound, bound),
    fc.tuple(fc.constantFrom('INCRBY', 'DECRBY', 'SET'), key, number),
    fc.tuple(fc.constantFrom('GET', 'DEL', 'TYPE', 'TTL', 'EXISTS', 'ZCARD', 'HLEN', 'PERSIST'), key),
    fc.tuple(fc.constant('EXPIRE'), key, fc.constantFrom('100', '-1')),
  )
  const dir = await mkdtemp(join(tmpdir(), 'twohop-test-'))
  const real = await startRealRedis(redisServer as string, dir)
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
      await compare(real, startEmbeddedRedis(), [['FLUSHALL'], ...commands])
    }),
    { seed: 20261121, numRuns: 60, endOnFailure: true },
  )
  await real.stop()
  await rm(dir, { recursive: true, force: true, maxRetries: 10 })
})

it('ends keys when its clock says so', async () => {
  const clock = { now: 1_000_000 }
  const redis = startEmbeddedRedis(() => clock.now)
  await redis.execute(['SET', 's', 'x', 'PX', '500'])
  await redis.execute(['HSET', 'h', 'f', 'x'])
  await redis.execute(['PEXPIREAT', 'h', '1000600'])
  clock.now += 499
  expect(await redis.execute(['PTTL', 's'])).toBe(1)
  clock.now += 1
  expect(await redis.execute(['GET', 's'])).toBeNull()
  expect(await redis.execute(['KEYS', '*'])).toEqual(['h'])
  expect(await redis.execute(['TIME'])).toEqual(['1000', '500000'])
  clock.now += 100
  expect(await redis.execute(['DBSIZE'])).toBe(0)
})
