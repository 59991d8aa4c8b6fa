import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { PUSH_CATALOG } from '../../../../edge/access/push-catalog.lua.ts'
import { ACCOUNT_USAGE } from '../../../../edge/admin/usage.lua.ts'
import { CREATE_API_KEY } from '../../../../edge/api-keys/create.lua.ts'
import { REVOKE_API_KEY } from '../../../../edge/api-keys/revoke.lua.ts'
import { CHANGE_ACCOUNT } from '../../../../edge/budget/change.lua.ts'
import { GRANT } from '../../../../edge/budget/grant.lua.ts'
import { RESERVE } from '../../../../edge/budget/reserve.lua.ts'
import { SETTLE } from '../../../../edge/budget/settle.lua.ts'
import { SWEEP } from '../../../../edge/budget/sweep.lua.ts'
import { USAGE } from '../../../../edge/budget/usage.lua.ts'
import { CLAIM, END_CLAIM } from '../../../../edge/idempotency/claim.lua.ts'
import { CANCEL_JOB } from '../../../../edge/jobs/cancel.lua.ts'
import { DUE_JOBS } from '../../../../edge/jobs/due.lua.ts'
import { ENQUEUE } from '../../../../edge/jobs/enqueue.lua.ts'
import { MOVED_JOB } from '../../../../edge/jobs/moved.lua.ts'
import { READ_JOB } from '../../../../edge/jobs/read.lua.ts'
import { SETTLED_JOB } from '../../../../edge/jobs/settled.lua.ts'
import { ADD_UNITS } from '../../../../edge/ledger/add-units.lua.ts'
import { KEEP_FEEDBACK } from '../../../../edge/ledger/feedback.lua.ts'
import { FINISH_EVENTS } from '../../../../edge/ledger/finish.lua.ts'
import { FINISH_ACTS } from '../../../../edge/ledger/finish-acts.lua.ts'
import { ROLL_UP } from '../../../../edge/ledger/roll-up.lua.ts'
import { CLAIM_JOB } from '../../../../inference-host/jobs/claim.lua.ts'
import { END_JOB } from '../../../../inference-host/jobs/end.lua.ts'
import { RELEASE_JOB } from '../../../../inference-host/jobs/release.lua.ts'
import { REPORT_JOB } from '../../../../inference-host/jobs/report.lua.ts'

const SCRIPTS = [
  RESERVE,
  SETTLE,
  SWEEP,
  USAGE,
  CHANGE_ACCOUNT,
  GRANT,
  CREATE_API_KEY,
  REVOKE_API_KEY,
  ACCOUNT_USAGE,
  ADD_UNITS,
  FINISH_EVENTS,
  FINISH_ACTS,
  KEEP_FEEDBACK,
  PUSH_CATALOG,
  ROLL_UP,
  CLAIM,
  END_CLAIM,
  ENQUEUE,
  CANCEL_JOB,
  DUE_JOBS,
  READ_JOB,
  SETTLED_JOB,
  MOVED_JOB,
  CLAIM_JOB,
  REPORT_JOB,
  END_JOB,
  RELEASE_JOB,
]

describe.each(SCRIPTS)('the script $name', ({ sha, lua }) => {
  it('is called by the sum of its text', () => {
    expect(sha).toBe(createHash('sha1').update(lua).digest('hex'))
  })

  it('says what each KEYS and ARGV is', () => {
    const code = lua.replace(/^ *--.*$/gm, '')
    const comments = lua.match(/^ *--.*$/gm)?.join('\n') ?? ''
    const used = new Set(code.match(/\b(KEYS|ARGV)\[\d+\]/g))
    expect(used.size).toBeGreaterThan(0)
    for (const name of used) expect(comments).toContain(name)
  })
})
