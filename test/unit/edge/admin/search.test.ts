import { describe, expect, it } from 'vitest'
import { searchAccounts } from '../../../../edge/admin/search.ts'
import type { AccountPage } from '../../../../edge/budget/accounts.ts'

/** A store whose pages hold these names, and the places that it was asked for. */
function store(pages: string[][]) {
  const asked: (string | undefined)[] = []
  const list = async (from?: string) => {
    asked.push(from)
    const at = Number(from ?? 0)
    return {
      accounts: (pages[at] ?? []).map((account) => ({ account })) as AccountPage['accounts'],
      next: at + 1 < pages.length ? String(at + 1) : undefined,
    }
  }
  return { asked, list }
}

const all = () => true
const names = ({ accounts }: AccountPage) => accounts.map(({ account }) => account)

describe('a search for accounts', () => {
  it('finds a part of the name, without regard to case, over all pages', async () => {
    const accounts = store([['firebase:demo:Ada', 'firebase:demo:bob'], [], ['firebase:demo:MADAM']])
    const found = await searchAccounts(accounts, 'aDa', undefined, all)
    expect(names(found)).toEqual(['firebase:demo:Ada', 'firebase:demo:MADAM'])
    expect(found.next).toBeUndefined()
  })

  it('shows none that the caller may not see', async () => {
    const accounts = store([['firebase:demo:ada', 'firebase:other:ada']])
    const found = await searchAccounts(accounts, 'ada', undefined, (name) =>
      name.startsWith('firebase:demo:'),
    )
    expect(names(found)).toEqual(['firebase:demo:ada'])
  })

  it('looks at ten pages and says where to go on, though it found nothing', async () => {
    const accounts = store(Array.from({ length: 12 }, (_, i) => [`firebase:demo:${i}`]))
    expect(await searchAccounts(accounts, 'nobody', undefined, all)).toEqual({ accounts: [], next: '10' })
    expect(accounts.asked).toHaveLength(10)
    expect(names(await searchAccounts(accounts, ':11', '10', all))).toEqual(['firebase:demo:11'])
  })

  it('stops once it has a hundred, with all that the page brought', async () => {
    const accounts = store([
      Array.from({ length: 60 }, () => 'a'),
      Array.from({ length: 60 }, () => 'a'),
      ['a'],
    ])
    const found = await searchAccounts(accounts, 'a', undefined, all)
    expect(found.accounts).toHaveLength(120)
    expect(found.next).toBe('2')
  })
})
