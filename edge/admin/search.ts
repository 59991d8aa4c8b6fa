import type { AccountPage, AccountStore } from '../budget/accounts.ts'

/** Accounts that one answer holds about; a page of the store's own may bring some more. */
const ENOUGH = 100
/** Pages of the store that one request looks at. */
const MOST_PAGES = 10

/**
 * Accounts, known or seen this month, whose name holds `search`, without regard to case. Looks at a bounded part of the store and
 * says where to go on, so an answer may be empty before the end.
 * @throws TwohopError store_unavailable
 */
export async function searchAccounts(
  accounts: Pick<AccountStore, 'list'>,
  search: string,
  from: string | undefined,
): Promise<AccountPage> {
  const wanted = search.toLowerCase()
  const found: AccountPage['accounts'] = []
  let next = from
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = await accounts.list(next)
    found.push(...page.accounts.filter(({ account }) => account.toLowerCase().includes(wanted)))
    next = page.next
    if (next === undefined || found.length >= ENOUGH) break
  }
  return { accounts: found, next }
}
