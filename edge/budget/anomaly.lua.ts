import { CLOCK_SKEW_SECONDS } from '../identity/claims.ts'
import {
  ACCOUNT_PREFIX,
  ANOMALY_NETWORK_PREFIX,
  ANOMALY_PREFIX,
  API_KEY_PREFIX,
  AUDIT_STREAM,
  ODD_KEY,
} from '../store/redis-keys.ts'
import { ANOMALY, SCORE_ACTOR } from './anomaly.ts'

const { points } = ANOMALY

/**
 * Lua by which a script that scores nothing learns of a challenge, in one command: each that makes a credential, changes an
 * account or spends. It needs CALLER_LUA before it.
 */
export const CHALLENGED_LUA = `
-- The last score of a credential and why, where it is challenged: a token that was issued before its account's challenge, an
-- API key whose last request was refused for its score, for a day. Else nil. api_key: the key's id, empty for a token.
local function challenged_since(account, api_key, issued_at, now)
  local name = api_key == '' and 'account:' .. account or 'key:' .. api_key
  local said = redis.call('HMGET', '${ANOMALY_PREFIX}' .. name, 'challenged', 'score', 'why', 'odd')
  local stands = said[1] and tonumber(issued_at) < math.floor(tonumber(said[1]) / 1000)
  if api_key ~= '' then stands = tonumber(said[4] or 0) > now - ${ANOMALY.newMs} end
  return stands and said[2] .. ' ' .. said[3] or nil
end

-- The caller of an act, as caller_of finds it, unless it is challenged. The answer of an act may hold a credential.
local function acting_caller_of(key_name, account, issued_at, secret_hash, scopes, now)
  local caller, refusal = caller_of(key_name, account, issued_at, secret_hash, scopes, now)
  if not caller then return nil, refusal end
  local api_key = account == '' and string.sub(key_name, ${API_KEY_PREFIX.length + 1}) or ''
  local challenged = challenged_since(caller.account, api_key, issued_at, now)
  if challenged then return nil, {'challenge_required', challenged} end
  return caller
end
`

/**
 * Lua that scores how odd a credential's use is, in the step that reserves: a hash of decayed counts for each credential,
 * and for each address the accounts that came from it. It reads nothing of what was asked. It needs CLOCK_LUA and
 * WINDOWS_LUA before it.
 *
 * A count that is decayed halves in its half-life; at a steady rate it stands at rate x half-life / ln 2.
 */
export const ANOMALY_LUA = `
-- {action, from which score on, country, hash of the network}, or nil where nobody is watched; '-' for what is not known.
local function watched(words)
  local action, at, country, network = string.match(words, '^(%S+) (%S+) (%S+) (%S+)$')
  return action and {action = action, at = tonumber(at), country = country, network = network}
end

local function between(number, most) return math.max(0, math.min(most, number)) end

local function halved(number, passed, half) return tonumber(number or 0) * 2 ^ (-passed / half) end

-- The counts of a credential at this moment: key, when it was first seen, and each count.
local function counts_of(key, now)
  local record = read_record(key)
  local passed = math.max(0, now - tonumber(record.at or now))
  local counts = {key = key, record = record, first = tonumber(record.first or now)}
  for name, half in pairs({fast = ${ANOMALY.fastMs}, slow = ${ANOMALY.slowMs}, tried = ${ANOMALY.shareMs},
    bad = ${ANOMALY.shareMs}, ended = ${ANOMALY.shareMs}, full = ${ANOMALY.shareMs}, moved = ${ANOMALY.movedMs}}) do
    counts[name] = halved(record[name], passed, half)
  end
  return counts
end

-- Writes the counts, and what else is given: names and values in turn.
local function keep_counts(counts, now, ...)
  local words = {'at', int(now), 'first', int(counts.first)}
  for _, name in ipairs({'fast', 'slow', 'tried', 'bad', 'ended', 'full', 'moved'}) do
    table.insert(words, name)
    table.insert(words, string.format('%.4f', counts[name]))
  end
  for _, word in ipairs({...}) do table.insert(words, word) end
  redis.call('HSET', counts.key, unpack(words))
  redis.call('PEXPIRE', counts.key, ${ANOMALY.keptMs})
end

-- Whether the country is one that this credential has not been in, while it has been in others. Remembers it.
local function is_new_country(counts, country, now)
  if country == '-' then return false end
  local known, oldest = 0, nil
  for name, seen in pairs(counts.record) do
    if string.sub(name, 1, 2) == 'c:' and name ~= 'c:' .. country then
      known = known + 1
      if not oldest or tonumber(seen) < tonumber(counts.record[oldest]) then oldest = name end
    end
  end
  local is_new = known > 0 and not counts.record['c:' .. country]
  if is_new and known >= ${ANOMALY.countries} then redis.call('HDEL', counts.key, oldest) end
  redis.call('HSET', counts.key, 'c:' .. country, int(now))
  return is_new
end

-- Accounts that came from the network within its time, this one included.
local function accounts_from(network, account, now)
  if network == '-' then return 0 end
  local key = '${ANOMALY_NETWORK_PREFIX}' .. network
  redis.call('ZREMRANGEBYSCORE', key, '-inf', int(now - ${ANOMALY.networkKeptMs}))
  local count = redis.call('ZCARD', key)
  if count < ${ANOMALY.accounts} or redis.call('ZSCORE', key, account) then
    redis.call('ZADD', key, int(now), account)
    redis.call('PEXPIRE', key, ${ANOMALY.networkKeptMs})
    count = redis.call('ZCARD', key)
  end
  return count
end

local function share_points(part, whole, from, most)
  if whole < ${ANOMALY.least} then return 0 end
  return between((part / whole - from) / (1 - from) * most, most)
end

-- The score of counts, 0 to 100, and why.
local function score_of(counts, accounts, now)
  local age = now - counts.first
  local hour = 3600000
  local rate = counts.fast * math.log(2) / ${ANOMALY.fastMs} * hour
  -- A young credential has not had the time to fill its slow count.
  local filled = 1 - 2 ^ (-math.max(age, hour) / ${ANOMALY.slowMs})
  local usual = math.max(${ANOMALY.usualPerHour}, counts.slow * math.log(2) / ${ANOMALY.slowMs} * hour / filled)
  local signs = {
    {'rate', between(${ANOMALY.perDoubling} * math.log(math.max(1, rate / usual)) / math.log(2), ${points.rate})},
    {'refused', share_points(counts.bad, counts.tried, 0.2, ${points.refused})},
    {'maxed', share_points(counts.full, counts.ended, 0.5, ${points.maxed})},
    {'country', between(counts.moved, 1) * ${points.country}},
    {'network', between(${ANOMALY.perAccount} * (accounts - ${ANOMALY.usualAccounts}), ${points.network})},
    {'age', between(1 - age / ${ANOMALY.newMs}, 1) * ${points.age}},
  }
  local score, why = 0, {}
  for _, sign in ipairs(signs) do
    local points = math.floor(sign[2] + 0.5)
    score = score + points
    if points > 0 then table.insert(why, sign[1] .. '=' .. int(points)) end
  end
  return math.min(100, score), table.concat(why, ' ')
end

-- What a challenge or a suspension was for does not count against whoever comes after it.
local function begin_anew(counts) counts.fast, counts.bad, counts.full, counts.moved = 0, 0, 0, 0 end

-- Suspends an account as an administrator does, with its tokens of until now (edge/admin/acts.ts), and with a row in the
-- audit log: by that the ledger learns of it, from which a lost Redis is restored.
local function suspend(account, api_key, counts, score, why, now)
  local record = '${ACCOUNT_PREFIX}' .. account
  redis.call('HSET', record, 'status', 'suspended', 'revoked_before', int(math.floor(now / 1000) + ${CLOCK_SKEW_SECONDS + 1}))
  redis.call('PERSIST', record)
  local by_key = api_key ~= '' and ',"by_key":"' .. api_key .. '"' or ''
  redis.call('XADD', '${AUDIT_STREAM}', '*', 'actor', '${SCORE_ACTOR}', 'action', 'account.suspend', 'target', account,
    'reason', why, 'detail', '{"score":' .. int(score) .. by_key .. '}')
  begin_anew(counts)
  keep_counts(counts, now)
end

-- Remembers a credential that was found.
local function note_found(account, api_key, now)
  redis.call('ZADD', '${ODD_KEY}', int(now), api_key ~= '' and 'key:' .. api_key .. ' ' .. account or 'account:' .. account)
  redis.call('ZREMRANGEBYRANK', '${ODD_KEY}', 0, ${-ANOMALY.found - 1})
  redis.call('PEXPIRE', '${ODD_KEY}', ${ANOMALY.keptMs})
end

-- Scores a request before it is admitted. Returns the verdict, and the code by which it has to be refused, if any.
local function judge(words, account, api_key, issued_at, now)
  local watch = watched(words)
  if not watch then return nil end
  local counts = counts_of('${ANOMALY_PREFIX}' .. (api_key ~= '' and 'key:' .. api_key or 'account:' .. account), now)
  -- Tokens of before a challenge stay refused, and count no more; the first of after it begins anew. A key has no age.
  local challenged = api_key == '' and watch.action == 'challenge' and counts.record.challenged
  if challenged and tonumber(issued_at) < math.floor(tonumber(challenged) / 1000) then
    return {counts = counts, text = counts.record.score .. ' ' .. counts.record.why}, 'challenge_required'
  end
  if challenged and not counts.record.met then
    redis.call('HSET', counts.key, 'met', '1')
    begin_anew(counts)
  end
  counts.fast, counts.slow, counts.tried = counts.fast + 1, counts.slow + 1, counts.tried + 1
  if is_new_country(counts, watch.country, now) then counts.moved = 1 end
  local score, why = score_of(counts, accounts_from(watch.network, account, now), now)
  local verdict = {counts = counts, odd = score >= watch.at, text = int(score) .. ' ' .. why}
  local is_challenged = verdict.odd and watch.action == 'challenge'
  -- An account's challenge is remembered by its time, since its next token passes.
  local odd = api_key == '' and {} or {'odd', is_challenged and int(now) or '0'}
  keep_counts(counts, now, 'score', int(score), 'why', why, unpack(odd))
  if verdict.odd then note_found(account, api_key, now) end
  if not verdict.odd or watch.action == 'log' then return verdict end
  if watch.action == 'suspend' then
    suspend(account, api_key, counts, score, why, now)
    return verdict, 'account_suspended'
  end
  redis.call('HSET', counts.key, 'challenged', int(now))
  redis.call('HDEL', counts.key, 'met')
  return verdict, 'challenge_required'
end

-- Takes note of a request that was refused for another reason.
local function note_refused(verdict, now)
  if not verdict then return end
  verdict.counts.bad = verdict.counts.bad + 1
  keep_counts(verdict.counts, now)
end

-- Takes note of how long an answer was, of a credential that is watched: 1 where it was as long as it might, else 0.
local function note_ended(credential, full, now)
  local counts = counts_of('${ANOMALY_PREFIX}' .. credential, now)
  if not counts.record.at then return end
  counts.ended, counts.full = counts.ended + 1, counts.full + full
  keep_counts(counts, now)
end
`
