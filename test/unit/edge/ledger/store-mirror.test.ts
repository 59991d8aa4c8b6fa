import { describe, expect, it } from 'vitest'
import type { LoggedAct } from '../../../../edge/ledger/act.ts'
import { createReadMirror } from '../../../../edge/ledger/store-mirror.ts'

const NOW = 1_000_000

/** What a mirror reads and for how long it waits first, in order. */
function mirrored() {
  const done: unknown[] = []
  let now = NOW
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
    now: () => now,
    wait: async (ms) => {
      done.push(ms)
      now += ms
    },
  })
  return { readMirror, done }
}

const act = (action: string, target: string, at: number): LoggedAct => ({
  ...{ stream_id: `${at}-0`, actor: 'root', reason: null, detail: {} },
  ...{ action, target, at },
})

describe('the mirror', () => {
  it('waits until an act that was written before it is done surely is', async () => {
    const { readMirror, done } = mirrored()
    const { readAt } = await readMirror([
      act('account.plan', 'ada', NOW - 9000),
      act('account.suspend', 'ada', NOW - 1000),
    ])
    expect(done).toEqual([2000, 'ada'])
    expect(readAt).toBe(NOW + 2000)
  })

  it.each([
    ['an act of long ago', [act('account.plan', 'ada', NOW - 3000)], ['ada']],
    ['keys, which are made in one step with their act', [act('key.create', 'k1', NOW)], ['k1']],
    ['a plan, which is neither', [act('set_plan', 'pro', NOW)], []],
  ])('does not wait for %s', async (_name, acts, expected) => {
    const { readMirror, done } = mirrored()
    await readMirror(acts)
    expect(done).toEqual(expected)
  })

  it('waits no longer where the clocks differ, and reads each account and key once', async () => {
    const { readMirror, done } = mirrored()
    await readMirror([
      act('account.plan', 'ada', NOW + 60_000),
      act('account.grant', 'ada', NOW),
      act('key.create', 'k1', NOW),
      act('key.revoke', 'k1', NOW),
    ])
    expect(done).toEqual([3000, 'k1', 'ada'])
  })

  it('leaves out a key that no store has any more', async () => {
    expect(await mirrored().readMirror([act('key.revoke', 'k1', 0)])).toMatchObject({
      apiKeys: [],
      accounts: [],
    })
  })
})
