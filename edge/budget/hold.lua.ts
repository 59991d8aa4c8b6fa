import { ACCOUNT_PREFIX, OPEN_KEPT_MS } from './keys.ts'

/**
 * Lua shared by the scripts that admit spending: reserve, and the one that takes in jobs. It checks every limit and
 * holds the worst case, all or nothing. It needs CLOCK_LUA, WINDOWS_LUA and SPENDER_LUA before it.
 *
 * A caller's idempotency key has a record with `body` (SHA-256 of the request), `request` (the id that answers it) and,
 * once there is one, `answer`. Whoever comes again with the same key holds nothing, and needs no budget for what was
 * paid for.
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

local function said_before()
  if ARGV[22] == '' then return nil end
  local record = redis.call('HMGET', KEYS[4], 'body', 'answer')
  if not record[1] then return nil end
  if record[1] ~= ARGV[22] then return {'idempotency_key_reused'} end
  if not record[2] then return {'idempotency_in_progress'} end
  return {'answered', record[2]}
end

-- crowded(spender) gives how many of the account's are under way, and a refusal's code where one more is too many.
-- Returns the account where it holds, else nil; and the reply.
local function hold(now, crowded)
  local units = tonumber(ARGV[17])
  -- Settled before it came (its first answer was lost), or sent twice: it may not hold again.
  if redis.call('EXISTS', KEYS[2]) == 1 then return nil, {'id_used'} end
  local spender, refusal = identify(now)
  if not spender then return nil, refusal end
  local before = said_before()
  if before then return nil, before end
  local account = spender.account

  local windows = windows_of(spender, now)
  local running, crowd = crowded(spender)
  local function reply(code) return counters_reply(code, account, running, windows, now) end

  if windows[1].requests >= tonumber(ARGV[8]) then return nil, reply('rate_limited') end
  if crowd then return nil, reply(crowd) end
  -- The longest exhausted window is named: waiting for a shorter one would not help.
  for i = 3, 1, -1 do
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
    hold_in(window, units, i == 1 and 0 or extra, now)
    table.insert(held, names[i])
    table.insert(held, window.name)
  end
  for _, numbered in ipairs(project) do
    hold_in(numbered[2], units, 0, now)
    table.insert(held, 'project_' .. names[numbered[1]])
    table.insert(held, numbered[2].name)
  end
  if extra > 0 then
    for _, word in ipairs({'extra', int(extra), 'extra_from', spender.record.extra_from}) do table.insert(held, word) end
  end

  if ARGV[21] ~= '' then redis.call('HSET', KEYS[1], 'last_used_at', int(now)) end
  if ARGV[22] ~= '' then
    redis.call('HSET', KEYS[4], 'body', ARGV[22], 'request', ARGV[16])
    redis.call('PEXPIRE', KEYS[4], ARGV[18])
  end

  redis.call('ZADD', KEYS[3], int(now + tonumber(ARGV[18])), ARGV[16])
  redis.call('PEXPIRE', KEYS[3], ${OPEN_KEPT_MS})
  redis.call('HSET', KEYS[2], 'state', 'open', 'account', account, 'units', int(units), 'model', ARGV[19],
    'task', ARGV[20], 'plan', ARGV[7], 'key', ARGV[21], 'reserved_at', int(now), unpack(held))
  redis.call('PEXPIRE', KEYS[2], ${OPEN_KEPT_MS})
  running = running + 1
  return account, reply('granted')
end
`
