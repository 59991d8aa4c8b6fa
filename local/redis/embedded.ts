import { createHash } from 'node:crypto'
import { hasArity } from './commands/arity.ts'
import type { Command } from './commands/command.ts'
import { HASH_COMMANDS } from './commands/hashes.ts'
import { KEY_COMMANDS } from './commands/keys.ts'
import { SORTED_SET_COMMANDS } from './commands/sorted-sets.ts'
import { STREAM_COMMANDS } from './commands/streams.ts'
import { STRING_COMMANDS } from './commands/strings.ts'
import { Keyspace } from './keyspace.ts'
import { createLua, type LuaScript } from './lua.ts'
import { OK, RedisError, type RedisReply, type RedisStore } from './port.ts'

const COMMANDS: Record<string, Command> = {
  ...KEY_COMMANDS,
  ...STRING_COMMANDS,
  ...HASH_COMMANDS,
  ...SORTED_SET_COMMANDS,
  ...STREAM_COMMANDS,
}

/** The most compiled scripts that are kept. A program has a few, so a full memory means misuse. */
const MAX_SCRIPTS = 1000

/**
 * A Redis inside this process, for a machine without one: the commands that Twohop's scripts and the ledger use, and
 * Lua. All of it runs on one thread without waiting, so a command or a script is atomic. It keeps nothing on disk.
 *
 * It was written because the existing ones do not count right. ioredis-mock 8.13 wraps Lua's numbers at 32 bits
 * (2,000,000,000 twice is -294,967,296) and has no consumer groups. wasmoon runs Lua 5.4; its 5.1 fork numbers lists
 * from 0.
 * @param now milliseconds since the epoch, for expiry and TIME
 */
export function startEmbeddedRedis(now: () => number = Date.now): RedisStore {
  const db = new Keyspace(now)
  const scripts = new Map<string, LuaScript>()
  const lua = createLua((words) => plainCommand(words, 'ERR Unknown Redis command called from script'))

  function plainCommand([name = '', ...words]: string[], unknown: string): RedisReply {
    const command = COMMANDS[name.toLowerCase()]
    if (!command) throw new RedisError(unknown)
    if (!hasArity(name.toLowerCase(), words.length + 1))
      throw new RedisError(`ERR wrong number of arguments for '${name.toLowerCase()}' command`)
    return command(db, words)
  }

  function load(text: string): string {
    const sha = createHash('sha1').update(text).digest('hex')
    if (scripts.has(sha)) return sha
    if (scripts.size >= MAX_SCRIPTS) flush()
    scripts.set(sha, lua.compile(text))
    return sha
  }

  function flush(): void {
    for (const script of scripts.values()) lua.forget(script)
    scripts.clear()
  }

  function run(sha: string, [count = '', ...words]: string[]): RedisReply {
    const script = scripts.get(sha.toLowerCase())
    if (!script) throw new RedisError('NOSCRIPT No matching script. Please use EVAL.')
    const keys = Number(count)
    if (!Number.isInteger(keys)) throw new RedisError('ERR value is not an integer or out of range')
    if (keys > words.length) throw new RedisError("ERR Number of keys can't be greater than number of args")
    if (keys < 0) throw new RedisError("ERR Number of keys can't be negative")
    return lua.run(script, words.slice(0, keys), words.slice(keys))
  }

  function execute(words: string[]): RedisReply {
    const [name = '', first = '', ...rest] = words
    try {
      switch (name.toLowerCase()) {
        case 'eval':
          return run(load(first), rest)
        case 'evalsha':
          return run(first, rest)
        case 'script':
          return scriptCommand(first, rest)
        default:
          return plainCommand(words, unknownCommand(words))
      }
    } catch (error) {
      if (error instanceof RedisError) return error
      throw error
    }
  }

  function scriptCommand(action: string, [text = '', ...more]: string[]): RedisReply {
    switch (action.toLowerCase()) {
      case 'load':
        return load(text)
      case 'exists':
        return [text, ...more].map((sha) => (scripts.has(sha.toLowerCase()) ? 1 : 0))
      case 'flush':
        flush()
        return OK
      default:
        throw new RedisError(`ERR unknown subcommand '${action}'. Try SCRIPT HELP.`)
    }
  }

  return {
    kind: 'embedded',
    pid: process.pid,
    execute: async (command) => execute(command),
    transaction: async (commands) => commands.map(execute),
    failed: new Promise(() => {}),
    stop: async () => db.clear(),
  }
}

function unknownCommand([name, ...args]: string[]): string {
  return `ERR unknown command '${name}', with args beginning with: ${args.map((word) => `'${word}' `).join('')}`
}
