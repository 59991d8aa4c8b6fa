import { RedisError, type RedisReply, Status } from './port.ts'

/** One command as RESP: a list of bulk strings (redis.io/docs/reference/protocol-spec). */
export function respCommand(command: string[]): string {
  let text = `*${command.length}\r\n`
  for (const word of command) text += `$${Buffer.byteLength(word)}\r\n${word}\r\n`
  return text
}

/**
 * Reads RESP2 replies from a byte stream that may be cut anywhere. The returned function takes the next bytes and
 * returns every reply that is complete.
 * @throws Error on bytes that are not RESP2
 */
export function respReader(): (bytes: Buffer) => RedisReply[] {
  let pending: Buffer = Buffer.alloc(0)
  let complete: RedisReply[] = []

  function* line(): Generator<void, string> {
    for (;;) {
      const end = pending.indexOf('\r\n')
      if (end >= 0) {
        const text = pending.toString('utf8', 0, end)
        pending = pending.subarray(end + 2)
        return text
      }
      yield
    }
  }

  function* bulk(length: number): Generator<void, string> {
    while (pending.length < length + 2) yield
    const text = pending.toString('utf8', 0, length)
    pending = pending.subarray(length + 2)
    return text
  }

  function* reply(): Generator<void, RedisReply> {
    const head = yield* line()
    const rest = head.slice(1)
    switch (head[0]) {
      case '+':
        return new Status(rest)
      case '-':
        return new RedisError(rest)
      case ':':
        return Number(rest)
      case '$':
        return rest === '-1' ? null : yield* bulk(Number(rest))
      case '*': {
        if (rest === '-1') return null
        const items: RedisReply[] = []
        for (let left = Number(rest); left > 0; left--) items.push(yield* reply())
        return items
      }
      default:
        throw new Error('Redis answered with bytes that are no RESP2')
    }
  }

  function* replies(): Generator<void, never> {
    for (;;) {
      // The reply is read first: `complete` may be another list by the time the whole reply is there.
      const next = yield* reply()
      complete.push(next)
    }
  }

  const reading = replies()
  return (bytes) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
    reading.next()
    const done = complete
    complete = []
    return done
  }
}
