import { type LuaState, lua, to_jsstring, to_luastring } from 'fengari'
import { RedisError, type RedisReply, Status } from './port.ts'

/** Puts a reply on the top of a machine's stack, as Redis hands it to a script. */
export function pushReply(L: LuaState, reply: RedisReply): void {
  if (reply === null) lua.lua_pushboolean(L, 0)
  else if (typeof reply === 'number') lua.lua_pushnumber(L, reply)
  else if (typeof reply === 'string') lua.lua_pushstring(L, to_luastring(reply))
  else if (Array.isArray(reply)) {
    lua.lua_createtable(L, reply.length, 0)
    for (const [index, item] of reply.entries()) {
      pushReply(L, item)
      lua.lua_rawseti(L, -2, index + 1)
    }
  } else {
    lua.lua_createtable(L, 0, 1)
    lua.lua_pushstring(L, to_luastring(reply instanceof Status ? reply.text : reply.message))
    lua.lua_setfield(L, -2, to_luastring(reply instanceof Status ? 'ok' : 'err'))
  }
}

/** Takes the value off the top of a machine's stack, as a reply. */
export function popReply(L: LuaState): RedisReply {
  try {
    switch (lua.lua_type(L, -1)) {
      case lua.LUA_TNUMBER:
        return Math.trunc(lua.lua_tonumber(L, -1))
      case lua.LUA_TSTRING:
        return to_jsstring(lua.lua_tostring(L, -1))
      case lua.LUA_TBOOLEAN:
        return lua.lua_toboolean(L, -1) ? 1 : null
      case lua.LUA_TTABLE:
        return table(L)
      default:
        return null
    }
  } finally {
    lua.lua_pop(L, 1)
  }
}

function table(L: LuaState): RedisReply {
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
  for (let i = 1; lua.lua_rawgeti(L, -1, i) !== lua.LUA_TNIL; i++) items.push(popReply(L))
  lua.lua_pop(L, 1)
  return items
}

/** Writes a number as C's `%.<digits>g` does. Lua 5.1 prints 14 digits; Redis passes 17 from a script to a command. */
export function numberText(number: number, digits: 14 | 17): string {
  if (!Number.isFinite(number)) return Number.isNaN(number) ? 'nan' : number > 0 ? 'inf' : '-inf'
  const withoutZeros = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)
  const [mantissa = '', exponent = '0'] = number.toExponential(digits - 1).split('e')
  const power = Number(exponent)
  if (power >= -4 && power < digits) return withoutZeros(number.toPrecision(digits))
  const sign = power < 0 ? '-' : '+'
  return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(power)).padStart(2, '0')}`
}
