import { JOB_LISTS_KEPT_MS } from './kept.lua.ts'
import { JOB_KEYS, JOB_STREAM_PREFIX } from './record.ts'

/**
 * Lua shared by a host's scripts: says that it looks for jobs, of the models of these streams, and will again within
 * `good_ms`. The edge takes in no job of a model for which no host says so (edge/jobs/enqueue.lua.ts).
 */
export const SERVED_LUA = `
local function look_for(streams, now, good_ms)
  local models = {}
  for _, stream in ipairs(streams) do
    table.insert(models, int(now + tonumber(good_ms)))
    table.insert(models, string.sub(stream, ${JOB_STREAM_PREFIX.length + 1}))
  end
  redis.call('ZADD', '${JOB_KEYS.served}', unpack(models))
  redis.call('PEXPIRE', '${JOB_KEYS.served}', ${JOB_LISTS_KEPT_MS})
end
`
