import { RECORD_LUA } from '../store/idempotency-record.lua.ts'
import { OPEN_KEPT_MS } from '../store/lifetimes.ts'
import { ACCOUNT_PREFIX } from '../store/redis-keys.ts'

/**
 * Lua shared by the scripts that admit spending: reserve, and enqueue (jobs). It checks every limit and holds the worst
 * case, all or nothing. It needs CLOCK_LUA, WINDOWS_LUA and SPENDER_LUA before it.
 *
 * A request that repeats an idempotency key (edge/store/idempotency-record.lua.ts) holds nothing, and needs no budget
 * for what was already paid. An answer that is given again counts as one of the minute's requests.
 */
export const HOLD_LUA = `
-- KEYS[2] reservation: hash
-- KEYS[3] open reservations of every account: sorted set of request ids by expiry (ms)
-- KEYS[4] record of the idempotency key: hash; any name where there is none
-- ARGV[14] ARGV[15] the project's budgets of day and month (units), -1 for none
-- ARGV[16] request id
-- ARGV[17] worst case (units)
-- ARGV[18] lease (ms)
-- ARGV[19] ARGV[20] model, task
-- ARGV[21] API key's id, empty for a token
-- ARGV[22] SHA-256 of the request where it has an idempotency key, else empty
-- ARGV[23] the model's version, empty for none or where it is not known yet

${RECORD_LUA}
-- crowded(spender) gives how many of the account's are under way, and a refusal's code where one more is too many, with
-- ms to wait where they are known. With a fourth result what it refuses goes before all else: it has been written down already.
-- first is the shortest window that is held: 1 for the minute, 2 for the day. A minute's budget is a rate of requests, in
-- which the sum of a job never fits; each counts as one of the minute's requests.
-- cost_of(spender) gives the units that are held instead of the worst case, or nil.
-- Returns the account where it holds, else nil; and the reply.
local function hold(now, crowded, first, cost_of)
  local units = tonumber(ARGV[17])
  -- Settled before it came (its first answer was lost), or sent twice: it may not hold again.
  if redis.call('EXISTS', KEYS[2]) == 1 then return nil, {'id_used'} end
  local spender, refusal = identify(now)
  if not spender then return nil, refusal end
  local account = spender.account
  units = cost_of and cost_of(spender) or units

  local windows = windows_of(spender, now)
  local running, crowd, wait, is_done = crowded(spender)
  local function reply(code) return counters_reply(code, account, running, windows, now) end
  local function refuse_crowd()
    local refused = reply(crowd)
    table.insert(refused, wait)
    return nil, refused
  end

  if is_done then return refuse_crowd() end
  if windows[1].requests >= tonumber(ARGV[8]) then return nil, reply('rate_limited') end
  local before = ARGV[22] ~= '' and said_before(KEYS[4], ARGV[22])
  if before then
    -- Handing out an answer takes bandwidth, which nothing else bounds.
    if before[1] == 'answered' then
      redis.call('HINCRBY', windows[1].key, 'requests', 1)
      hold_in(windows[1], 0, 0, now)
    end
    return nil, before
  end
  if crowd then return refuse_crowd() end
  -- The longest exhausted window is named: waiting for a shorter one would not help.
  for i = 3, first, -1 do
    if lacking(windows[i], units) > windows[i].granted then
      local refused = reply('budget_exhausted')
      table.insert(refused, i)
      return nil, refused
    end
  end
  local project = project_windows(now, tonumber(ARGV[14]), tonumber(ARGV[15]))
  for i = #project, 1, -1 do
    local number, window = project[i][1], project[i][2]
    if lacking(window, units) > 0 then
      local refused = reply('project_budget_exhausted')
      table.insert(refused, number)
      table.insert(refused, window.ends - now)
      return nil, refused
    end
  end

  -- What day and month lack is drawn from the grant, once for both.
  local extra = math.max(lacking(windows[2], units), lacking(windows[3], units))
  if extra > 0 then
    redis.call('HINCRBY', '${ACCOUNT_PREFIX}' .. account, 'extra_units', int(-extra))
    for i = 2, 3 do
      windows[i].extra = windows[i].extra + extra
      windows[i].granted = windows[i].granted - extra
    end
  end
  redis.call('HINCRBY', windows[1].key, 'requests', 1)
  windows[1].requests = windows[1].requests + 1
  local names, held = {'minute', 'day', 'month'}, {}
  for i, window in ipairs(windows) do
    hold_in(window, i < first and 0 or units, i == 1 and 0 or extra, now)
    if i >= first then
      table.insert(held, names[i])
      table.insert(held, window.name)
    end
  end
  for _, numbered in ipairs(project) do
    hold_in(numbered[2], units, 0, now)
    table.insert(held, 'project_' .. names[numbered[1]])
    table.insert(held, numbered[2].name)
  end
  if extra > 0 then
    for _, word in ipairs({'extra', int(extra), 'extra_from', spender.record.extra_from}) do table.insert(held, word) end
  end

  if ARGV[23] ~= '' then
    for _, word in ipairs({'version', ARGV[23]}) do table.insert(held, word) end
  end

  if ARGV[21] ~= '' then redis.call('HSET', KEYS[1], 'last_used_at', int(now)) end
  if ARGV[22] ~= '' then begin_record(KEYS[4], ARGV[22], ARGV[16], ARGV[18]) end

  redis.call('ZADD', KEYS[3], int(now + tonumber(ARGV[18])), ARGV[16])
  redis.call('PEXPIRE', KEYS[3], ${OPEN_KEPT_MS})
  redis.call('HSET', KEYS[2], 'state', 'open', 'account', account, 'units', int(units), 'model', ARGV[19],
    'task', ARGV[20], 'plan', ARGV[7], 'key', ARGV[21], 'reserved_at', int(now), unpack(held))
  redis.call('PEXPIRE', KEYS[2], ${OPEN_KEPT_MS})
  running = running + 1
  return account, reply('granted')
end
`
