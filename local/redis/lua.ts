import { lauxlib, lua, lualib, to_jsstring, to_luastring } from 'fengari'
import { RedisError, type RedisReply, Status } from './port.ts'

/** A compiled script. Only the machine that compiled it can run it. */
export type LuaScript = { ref: number }

/**
 * Redis runs Lua 5.1, where every number is a double. Fengari runs 5.3 with integers of 32 bits, which wrap around. So
 * here everything that makes a number makes a double, and what Redis lacks or forbids is removed.
 *
 * Two differences are left. `..` writes a double as 3.0, so scripts write numbers with string.format. Whole numbers in
 * a script's text wrap when they are calculated with each other, but not with numbers from a key or argument.
 */
const PRELUDE = `
local tonumber_of_5_3, floor, ceil, format = tonumber, math.floor, math.ceil, string.format
tonumber = function(value, ...)
  local number = tonumber_of_5_3(value, ...)
  return number and number + 0.0
end
local tostring_of_5_3, number_of_5_1 = tostring, number_text
tostring = function(value)
  if math.type(value) then return number_of_5_1(value) end
  return tostring_of_5_3(value)
end
math.floor = function(number) return floor(number) + 0.0 end
math.ceil = function(number) return ceil(number) + 0.0 end
unpack = table.unpack
redis.error_reply = function(text) return {err = text} end
redis.status_reply = function(text) return {ok = text} end
loadstring = load
number_text, dofile, loadfile, print = nil, nil, nil, nil
setmetatable(_G, {
  __index = function(_, name) error('Script attempted to access nonexistent global variable ' .. format('%q', name), 2) end,
  __newindex = function() error('Attempt to modify a readonly table', 2) end,
})
`

/**
 * A Lua machine for Redis scripts. `call` runs a Redis command; a RedisError that it throws or returns is an error
 * inside the script. Conversions are Redis's (redis.io/docs/interact/programmability/lua-api): numbers lose their
 * fraction, nil and false are one, a list ends at its first nil.
 */
export function createLua(call: (command: string[]) => RedisReply) {
  const L = lauxlib.luaL_newstate()
  for (const [name, open] of [
    ['_G', lualib.luaopen_base],
    ['table', lualib.luaopen_table],
    ['string', lualib.luaopen_string],
    ['math', lualib.luaopen_math],
  ] as const) {
    lauxlib.luaL_requiref(L, to_luastring(name), open, 1)
    lua.lua_pop(L, 1)
  }
  lua.lua_createtable(L, 0, 4)
  for (const [name, raises] of [
    ['call', true],
    ['pcall', false],
  ] as const) {
    lua.lua_pushcfunction(L, () => redisCall(raises))
    lua.lua_setfield(L, -2, to_luastring(name))
  }
  lua.lua_setglobal(L, to_luastring('redis'))
  lua.lua_pushcfunction(L, () => {
    lua.lua_pushstring(L, to_luastring(numberText(lua.lua_tonumber(L, 1), 14)))
    return 1
  })
  lua.lua_setglobal(L, to_luastring('number_text'))
  const prelude = compile(PRELUDE)
  lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, prelude.ref)
  if (lua.lua_pcall(L, 0, 0, 0) !== 0) throw new Error(to_jsstring(lua.lua_tostring(L, -1)))

  function redisCall(raises: boolean): number {
    let reply: RedisReply
    try {
      reply = call(commandWords())
    } catch (error) {
      if (!(error instanceof RedisError)) throw error
      reply = error
    }
    if (raises && reply instanceof RedisError) {
      push(reply)
      return lua.lua_error(L)
    }
    lua.lua_settop(L, 0)
    push(reply)
    return 1
  }

  function commandWords(): string[] {
    const words: string[] = []
    for (let i = 1; i <= lua.lua_gettop(L); i++) {
      const type = lua.lua_type(L, i)
      if (type === lua.LUA_TNUMBER) words.push(numberText(lua.lua_tonumber(L, i), 17))
      else if (type === lua.LUA_TSTRING) words.push(to_jsstring(lua.lua_tostring(L, i)))
      else throw new RedisError('ERR Lua redis lib command arguments must be strings or integers')
    }
    return words
  }

  function push(reply: RedisReply): void {
    if (reply === null) lua.lua_pushboolean(L, 0)
    else if (typeof reply === 'number') lua.lua_pushnumber(L, reply)
    else if (typeof reply === 'string') lua.lua_pushstring(L, to_luastring(reply))
    else if (Array.isArray(reply)) {
      lua.lua_createtable(L, reply.length, 0)
      for (const [index, item] of reply.entries()) {
        push(item)
        lua.lua_rawseti(L, -2, index + 1)
      }
    } else {
      lua.lua_createtable(L, 0, 1)
      lua.lua_pushstring(L, to_luastring(reply instanceof Status ? reply.text : reply.message))
      lua.lua_setfield(L, -2, to_luastring(reply instanceof Status ? 'ok' : 'err'))
    }
  }

  /** Takes the value off the top of the stack, as a reply. */
  function pop(): RedisReply {
    try {
      switch (lua.lua_type(L, -1)) {
        case lua.LUA_TNUMBER:
          return Math.trunc(lua.lua_tonumber(L, -1))
        case lua.LUA_TSTRING:
          return to_jsstring(lua.lua_tostring(L, -1))
        case lua.LUA_TBOOLEAN:
          return lua.lua_toboolean(L, -1) ? 1 : null
        case lua.LUA_TTABLE:
          return table()
        default:
          return null
      }
    } finally {
      lua.lua_pop(L, 1)
    }
  }

  function table(): RedisReply {
    for (const [field, wrap] of [
      ['err', (text: string) => new RedisError(text)],
      ['ok', (text: string) => new Status(text)],
    ] as const) {
      const type = lua.lua_getfield(L, -1, to_luastring(field))
      const text = type === lua.LUA_TSTRING ? to_jsstring(lua.lua_tostring(L, -1)) : undefined
      lua.lua_pop(L, 1)
      if (text !== undefined) return wrap(text)
    }
    const items: RedisReply[] = []
    for (let i = 1; lua.lua_rawgeti(L, -1, i) !== lua.LUA_TNIL; i++) items.push(pop())
    lua.lua_pop(L, 1)
    return items
  }

  function setGlobalList(name: string, words: string[]): void {
    lua.lua_pushglobaltable(L)
    lua.lua_pushstring(L, to_luastring(name))
    push(words)
    lua.lua_rawset(L, -3)
    lua.lua_pop(L, 1)
  }

  /** @throws RedisError when the text is no Lua */
  function compile(text: string): LuaScript {
    const bytes = to_luastring(text)
    if (lauxlib.luaL_loadbuffer(L, bytes, bytes.length, to_luastring('@user_script')) !== 0)
      throw new RedisError(`ERR Error compiling script (new function): ${pop()}`)
    return { ref: lauxlib.luaL_ref(L, lua.LUA_REGISTRYINDEX) }
  }

  return {
    compile,
    forget: (script: LuaScript) => lauxlib.luaL_unref(L, lua.LUA_REGISTRYINDEX, script.ref),
    run(script: LuaScript, keys: string[], args: string[]): RedisReply {
      setGlobalList('KEYS', keys)
      setGlobalList('ARGV', args)
      lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, script.ref)
      const failed = lua.lua_pcall(L, 0, 1, 0) !== 0
      const reply = pop()
      if (!failed || reply instanceof RedisError) return reply
      return new RedisError(`ERR ${reply}`)
    },
  }
}

/** Writes a number as C's `%.<digits>g` does. Lua 5.1 prints 14 digits; Redis passes 17 from a script to a command. */
function numberText(number: number, digits: 14 | 17): string {
  if (!Number.isFinite(number)) return Number.isNaN(number) ? 'nan' : number > 0 ? 'inf' : '-inf'
  const withoutZeros = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)
  const [mantissa = '', exponent = '0'] = number.toExponential(digits - 1).split('e')
  const power = Number(exponent)
  if (power >= -4 && power < digits) return withoutZeros(number.toPrecision(digits))
  const sign = power < 0 ? '-' : '+'
  return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(power)).padStart(2, '0')}`
}
