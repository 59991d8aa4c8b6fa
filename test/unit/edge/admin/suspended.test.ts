import { expect, it } from 'vitest'
import { createAfterSuspension } from '../../../../edge/admin/suspended.ts'
import type { ApiKey } from '../../../../edge/api-keys/port.ts'
import type { Act } from '../../../../edge/audit/port.ts'
import type { SyncOutcome } from '../../../../edge/sync/port.ts'
import { readLog } from '../../../fixtures/log.ts'

const KEY: ApiKey = {
  id: 'k1',
  account: 'firebase:ada',
  secretHash: 'h',
  name: '',
  scopes: [],
  plan: undefined,
  madeBy: undefined,
  createdAt: 0,
  expiresAt: 9e15,
  lastUsedAt: undefined,
  revoked: false,
}
const TOKEN = { account: 'firebase:ada', issuedAt: 1, plan: 'free' }
const BY_KEY = { key: 'k1', secretHash: 'h', scope: 'chat', plan: 'free' }

/** What is done after a suspension, in order. */
function world({ outcome = 'done' as SyncOutcome, jobsFail = false, hasKey = true } = {}) {
  const steps: string[] = []
  const rows: Act[] = []
  const { log, lines } = readLog()
  const suspended = createAfterSuspension({
    apiKeys: { get: async () => (hasKey ? KEY : undefined) },
    accounts: {
      get: async () => ({
        ...{ status: 'suspended', plan: undefined, billingDay: undefined },
        ...{ revokedBefore: 7, extra: undefined },
      }),
    },
    audit: { record: async (row) => void rows.push(row) },
    async sync(account, state) {
      steps.push(`sync ${account} ${JSON.stringify(state)}`)
      return { outcome, ...(outcome === 'failed' && { why: 'refused' }) }
    },
    async cancelJobs(account) {
      if (jobsFail) throw new Error('away')
      steps.push(`cancel jobs of ${account}`)
      return 2
    },
    log,
  })
  return { suspended, steps, rows, lines }
}

it('tells the issuer and ends the jobs, whichever credential it was', async () => {
  for (const spender of [TOKEN, BY_KEY]) {
    const { suspended, steps, rows } = world()
    await suspended(spender, 'rate=30')
    expect(steps).toEqual(['sync firebase:ada {"status":"suspended"}', 'cancel jobs of firebase:ada'])
    expect(rows).toEqual([])
  }
})

it('writes down that the issuer could not be told, and ends the jobs all the same', async () => {
  const { suspended, steps, rows } = world({ outcome: 'failed' })
  await suspended(BY_KEY, 'rate=30')
  expect(steps).toHaveLength(2)
  expect(rows).toEqual([
    {
      actor: 'anomaly score',
      action: 'account.suspend.not_synced',
      target: 'firebase:ada',
      reason: 'rate=30',
      detail: { by_key: 'k1', why: 'refused' },
    },
  ])
})

it('never throws: what fails is in the log; a key that is gone has nobody to be told of', async () => {
  const failed = world({ jobsFail: true })
  await failed.suspended(TOKEN, 'rate=30')
  expect(failed.lines).toMatchObject([{ level: 'error', event: 'suspension_not_followed' }])
  const gone = world({ hasKey: false })
  await gone.suspended(BY_KEY, 'rate=30')
  expect([gone.steps, gone.lines]).toEqual([[], []])
})
