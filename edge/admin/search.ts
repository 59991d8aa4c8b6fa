import type { AccountPage, AccountStore } from '../budget/accounts.ts'

/** About how many accounts one answer holds; a page of the store may bring some more. */
const ENOUGH = 100
/** Pages of the store that one request reads at most. */
const MOST_PAGES = 10

/**
 * Accounts with a record, or with spending this month, whose name contains `search`, in any letter case. It reads a
 * bounded part of the store and says where to go on, so an answer may be empty before the end.
 * @param reaches whether who asks may see an account
 * @throws TwohopError store_unavailable
 */
export async function searchAccounts(
  accounts: Pick<AccountStore, 'list'>,
  search: string,
  from: string | undefined,
  reaches: (account: string) => boolean,
): Promise<AccountPage> {
  const wanted = search.toLowerCase()
  const found: AccountPage['accounts'] = []
  let next = from
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = await accounts.list(next)
    const isWanted = (account: string) => account.toLowerCase().includes(wanted) && reaches(account)
    found.push(...page.accounts.filter(({ account }) => isWanted(account)))
    next = page.next
    if (next === undefined || found.length >= ENOUGH) break
  }
  return { accounts: found, next }
}
