import { CACHE_BYTES_PREFIX, CACHE_PREFIX } from './redis-keys.ts'

/** Characters of answers that Redis takes in for the cache in a UTC day, of all accounts. They live for a day at most. */
export const CACHED_PER_DAY = 64 * 1024 * 1024
/** Characters of answers that Redis takes in for the cache in a UTC day, of one account. */
export const CACHED_PER_ACCOUNT_DAY = 4 * 1024 * 1024
/** What an entry takes in Redis beside its answer, in bytes. */
const ENTRY_BYTES = 300
const DAY_MS = 86_400_000

/**
 * Lua shared by reserve and settle: answers that are given again. An entry is a text: the units that the answer cost, a space,
 * and the sealed answer (edge/metering/cache.ts). Its key names the account that asked, as
 * the store knows it. Entries for all have an empty name there, which no account has.
 */
export const CACHE_LUA = `
local function cache_key(account, name, for_all) return '${CACHE_PREFIX}' .. (for_all == '1' and '' or account) .. ':' .. name end

-- {units, answer}, or nil. share: per cent of what the answer cost.
local function cached_answer(account, name, for_all, share)
  local cost, answer = string.match(redis.call('GET', cache_key(account, name, for_all)) or '', '^(%d+) (.*)$')
  if not cost then return nil end
  return {units = math.ceil(tonumber(cost) * tonumber(share) / 100), answer = answer}
end

-- Keeps an answer, if the day of its account and that of all have room for it.
local function cache_answer(account, name, for_all, cost, answer, life_ms, now)
  local day, bytes = int(math.floor(now / ${DAY_MS})), #answer + ${ENTRY_BYTES}
  local of_all, of_account = '${CACHE_BYTES_PREFIX}:' .. day, '${CACHE_BYTES_PREFIX}' .. account .. ':' .. day
  if tonumber(redis.call('GET', of_all) or 0) + bytes > ${CACHED_PER_DAY} then return end
  if tonumber(redis.call('GET', of_account) or 0) + bytes > ${CACHED_PER_ACCOUNT_DAY} then return end
  for _, sum in ipairs({of_all, of_account}) do
    redis.call('INCRBY', sum, bytes)
    redis.call('PEXPIRE', sum, ${DAY_MS})
  end
  redis.call('SET', cache_key(account, name, for_all), int(cost) .. ' ' .. answer, 'PX', life_ms)
end
`
