import { createHash } from 'node:crypto'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Command } from '../../../local/redis/commands/command.ts'
import { HASH_COMMANDS } from '../../../local/redis/commands/hashes.ts'
import { KEY_COMMANDS } from '../../../local/redis/commands/keys.ts'
import { SORTED_SET_COMMANDS } from '../../../local/redis/commands/sorted-sets.ts'
import { STREAM_COMMANDS } from '../../../local/redis/commands/streams.ts'
import { STRING_COMMANDS } from '../../../local/redis/commands/strings.ts'
import { Keyspace } from '../../../local/redis/keyspace.ts'
import { createLua, type LuaScript } from '../../../local/redis/lua.ts'
import { RedisError, type RedisReply, type RedisStore } from '../../../local/redis/port.ts'
import { startRestFront } from '../../../local/redis/rest.ts'

const COMMANDS: Record<string, Command> = {
  ...KEY_COMMANDS,
  ...STRING_COMMANDS,
  ...HASH_COMMANDS,
  ...SORTED_SET_COMMANDS,
  ...STREAM_COMMANDS,
}

/** What passed since the last look: commands as Upstash bills them, bytes in both directions with HTTP's headers. */
export type Passed = { commands: number; bytes: number }

/**
 * The embedded Redis's own commands and Lua, with every command counted, those that a script runs included, behind
 * the REST front and a wire that counts bytes.
 */
export async function startCountedRedis(now: () => number) {
  const passed: Passed = { commands: 0, bytes: 0 }
  const db = new Keyspace(now)
  const scripts = new Map<string, LuaScript>()
  const plain = ([name = '', ...words]: string[]): RedisReply => {
    const command = COMMANDS[name.toLowerCase()]
    if (!command) throw new RedisError(`ERR unknown command '${name}'`)
    passed.commands++
    return command(db, words)
  }
  const lua = createLua(plain)

  function script(sha: string, [count = '0', ...words]: string[]): RedisReply {
    const known = scripts.get(sha)
    if (!known) throw new RedisError('NOSCRIPT No matching script. Please use EVAL.')
    passed.commands++
    return lua.run(known, words.slice(0, Number(count)), words.slice(Number(count)))
  }

  async function execute([name = '', first = '', ...rest]: string[]): Promise<RedisReply> {
    try {
      if (name.toLowerCase() === 'evalsha') return script(first, rest)
      if (name.toLowerCase() !== 'eval') return plain([name, first, ...rest])
      const sha = createHash('sha1').update(first).digest('hex')
      if (!scripts.has(sha)) scripts.set(sha, lua.compile(first))
      return script(sha, rest)
    } catch (error) {
      if (error instanceof RedisError) return error
      throw error
    }
  }

  const store: RedisStore = {
    kind: 'embedded',
    pid: process.pid,
    execute,
    transaction: (commands) => Promise.all(commands.map(execute)),
    failed: new Promise(() => {}),
    stop: async () => db.clear(),
  }
  const token = 'counted'
  const front = await startRestFront({ store, token })
  const wire = createServer((client) => {
    const server = connect(Number(new URL(front.url).port), '127.0.0.1')
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('data', (piece) => {
        passed.bytes += piece.length
      })
      from.on('error', () => to.destroy())
      from.pipe(to)
    }
  })
  await new Promise<void>((listening) => wire.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(wire.address() as AddressInfo).port}`,
    token,
    /** What passed since the last call of this. */
    take(): Passed {
      const taken = { ...passed }
      passed.commands = 0
      passed.bytes = 0
      return taken
    },
    async stop() {
      wire.close()
      await front.stop()
    },
  }
}
