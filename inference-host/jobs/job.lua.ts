/**
 * The one consumer in the group, which every host is: which host has a job is in the job's `claim`, so that hosts come
 * and go without leaving consumers behind.
 */
export const CONSUMER = 'host'

/**
 * Lua that several scripts share. Redis's own clock is the authority: hosts' and edges' clocks differ. Numbers are
 * doubles, of which `tostring` and `..` print only 14 digits, hence `int`.
 *
 * A job's keys are made from its id, and its account's from its record, so not every key can be declared: no
 * `allow-key-locking` on Upstash.
 */
export const JOB_LUA = `
local function int(number) return string.format('%.0f', number) end

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
`
