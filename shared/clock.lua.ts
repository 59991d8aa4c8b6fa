/**
 * Lua shared by the scripts of edges and hosts: numbers, time and hashes.
 *
 * Redis's own clock is the authority: edges and hosts share it, while their own clocks differ. Only tests override it.
 * Numbers are Lua doubles, exact up to 2^53, but `tostring` and `..` print only 14 digits of them, hence `int`.
 */
export const CLOCK_LUA = `
local function int(number) return string.format('%.0f', number) end

local function now_ms(override)
  if override > 0 then return override end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function read_record(key)
  local fields, record = redis.call('HGETALL', key), {}
  for i = 1, #fields, 2 do record[fields[i]] = fields[i + 1] end
  return record
end
`
