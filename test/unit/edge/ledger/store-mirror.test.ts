import { describe, expect, it } from 'vitest'
import type { LoggedAct } from '../../../../edge/ledger/act.ts'
import { createReadMirror } from '../../../../edge/ledger/store-mirror.ts'

const NOW = 1_000_000

/** What a mirror reads, in order. */
function mirrored() {
  const done: unknown[] = []
  const readMirror = createReadMirror({
    accounts: {
      get: async (account) => {
        done.push(account)
        const none = { plan: undefined, billingDay: undefined, revokedBefore: undefined, extra: undefined }
        return { status: 'active', ...none }
      },
    },
    apiKeys: {
      get: async (id) => {
        done.push(id)
        return undefined
      },
    },
    now: () => NOW,
  })
  return { readMirror, done }
}

const act = (action: string, target: string, at: number): LoggedAct => ({
  ...{ stream_id: `${at}-0`, actor: 'root', reason: null, detail: {} },
  ...{ action, target, at },
})

describe('the mirror', () => {
  it('reads each account and key that acts were about once, and says when', async () => {
    const { readMirror, done } = mirrored()
    const { readAt } = await readMirror([
      act('account.plan', 'ada', NOW - 9000),
      act('account.grant', 'ada', NOW),
      act('key.create', 'k1', NOW),
      act('key.revoke', 'k1', NOW),
      act('set_plan', 'pro', NOW),
    ])
    expect(done).toEqual(['k1', 'ada'])
    expect(readAt).toBe(NOW)
  })

  it('leaves out a key that no store has any more', async () => {
    expect(await mirrored().readMirror([act('key.revoke', 'k1', 0)])).toMatchObject({
      apiKeys: [],
      accounts: [],
    })
  })
})
