/** The part of fengari's C API that local/redis/lua.ts and local/redis/lua-values.ts call; the package has no types. */
declare module 'fengari' {
  export type LuaState = { readonly brand: unique symbol }
  type LuaFunction = (L: LuaState) => number

  export function to_luastring(text: string): Uint8Array
  export function to_jsstring(bytes: Uint8Array): string

  export const lua: {
    LUA_REGISTRYINDEX: number
    LUA_TNIL: number
    LUA_TBOOLEAN: number
    LUA_TNUMBER: number
    LUA_TSTRING: number
    LUA_TTABLE: number
    lua_createtable(L: LuaState, array: number, record: number): void
    lua_error(L: LuaState): never
    lua_getfield(L: LuaState, index: number, name: Uint8Array): number
    lua_gettop(L: LuaState): number
    lua_pcall(L: LuaState, args: number, results: number, handler: number): number
    lua_pop(L: LuaState, count: number): void
    lua_pushboolean(L: LuaState, value: number): void
    lua_pushcfunction(L: LuaState, value: LuaFunction): void
    lua_pushnumber(L: LuaState, value: number): void
    lua_pushstring(L: LuaState, value: Uint8Array): void
    lua_rawgeti(L: LuaState, index: number, n: number): number
    lua_rawset(L: LuaState, index: number): void
    lua_rawseti(L: LuaState, index: number, n: number): void
    lua_setfield(L: LuaState, index: number, name: Uint8Array): void
    lua_setglobal(L: LuaState, name: Uint8Array): void
    lua_settop(L: LuaState, index: number): void
    lua_toboolean(L: LuaState, index: number): boolean
    lua_tonumber(L: LuaState, index: number): number
    lua_tostring(L: LuaState, index: number): Uint8Array
    lua_type(L: LuaState, index: number): number
    lua_pushglobaltable(L: LuaState): void
  }
  export const lauxlib: {
    luaL_newstate(): LuaState
    luaL_loadbuffer(L: LuaState, text: Uint8Array, size: number, name: Uint8Array): number
    luaL_ref(L: LuaState, table: number): number
    luaL_unref(L: LuaState, table: number, ref: number): void
    luaL_requiref(L: LuaState, name: Uint8Array, open: LuaFunction, global: number): void
  }
  export const lualib: {
    luaopen_base: LuaFunction
    luaopen_table: LuaFunction
    luaopen_string: LuaFunction
    luaopen_math: LuaFunction
  }
}
