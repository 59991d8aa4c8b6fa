import type { JobStore } from './port.ts'

/** Cancels what an account has open: a suspended one spends no more. Returns how many jobs that were. */
export async function cancelAll(store: Pick<JobStore, 'open' | 'cancel'>, account: string): Promise<number> {
  const open = await store.open(account)
  await Promise.all(open.map(({ id }) => store.cancel(id, account)))
  return open.length
}
