import { lauxlib, lua, lualib, to_jsstring, to_luastring } from 'fengari'
import { numberText, popReply, pushReply } from './lua-values.ts'
import { RedisError, type RedisReply } from './port.ts'

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
      pushReply(L, reply)
      return lua.lua_error(L)
    }
    lua.lua_settop(L, 0)
    pushReply(L, reply)
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

  function setGlobalList(name: string, words: string[]): void {
    lua.lua_pushglobaltable(L)
    lua.lua_pushstring(L, to_luastring(name))
    pushReply(L, words)
    lua.lua_rawset(L, -3)
    lua.lua_pop(L, 1)
  }

  /** @throws RedisError when the text is no Lua */
  function compile(text: string): LuaScript {
    const bytes = to_luastring(text)
    if (lauxlib.luaL_loadbuffer(L, bytes, bytes.length, to_luastring('@user_script')) !== 0)
      throw new RedisError(`ERR Error compiling script (new function): ${popReply(L)}`)
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
      const reply = popReply(L)
      if (!failed || reply instanceof RedisError) return reply
      return new RedisError(`ERR ${reply}`)
    },
  }
}
