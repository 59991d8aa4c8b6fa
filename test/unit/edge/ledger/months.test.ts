import { expect, it } from 'vitest'
import { orLedgerUnavailable } from '../../../../edge/ledger/months.ts'
import { LedgerAway, LedgerRefused } from '../../../../edge/ledger/port.ts'

it.each([new LedgerAway('http_503'), new LedgerRefused('22023')])(
  'tells whoever looks that the ledger does not answer, and not why: %s',
  async (error) => {
    const failed = orLedgerUnavailable(() => Promise.reject(error))
    await expect(failed).rejects.toMatchObject({
      code: 'ledger_unavailable',
      retryAfterMs: 2000,
      cause: error,
    })
    await expect(failed).rejects.not.toThrow(/22023|503/)
  },
)

it('passes on what it gives, and faults of our own', async () => {
  expect(await orLedgerUnavailable(async () => 1)).toBe(1)
  await expect(orLedgerUnavailable(() => Promise.reject(new RangeError('x')))).rejects.toThrow(RangeError)
})
