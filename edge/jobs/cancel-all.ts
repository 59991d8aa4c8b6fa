import type { JobStore } from './port.ts'

/** Cancels an account's open jobs, so that a suspended account spends no more. Returns how many there were. */
export async function cancelAll(store: Pick<JobStore, 'open' | 'cancel'>, account: string): Promise<number> {
  const open = await store.open(account)
  await Promise.all(open.map(({ id }) => store.cancel(id, { account })))
  return open.length
}
