import type { ComponentType } from 'preact'
import { AccountView } from '../admin/account.tsx'
import { Accounts } from '../admin/accounts.tsx'
import { Hosts } from '../admin/hosts.tsx'
import { LogOfActs } from '../admin/log.tsx'
import { Totals } from '../admin/totals.tsx'
import { Unusual } from '../admin/unusual.tsx'
import { Playground } from '../playground/playground.tsx'
import { Jobs } from '../user/jobs.tsx'
import { Keys } from '../user/keys.tsx'
import { Requests } from '../user/requests.tsx'
import { Usage } from '../user/usage.tsx'

/** A page. `id` is what stands behind its name in the address. */
export type View = {
  name: string
  title: string
  /** Whether the menu has it only for administrators. What they may do, the edge decides. */
  admin?: true
  /** Whether it is about one thing, and so not in the menu. */
  ofOne?: true
  Page: ComponentType<{ id: string }>
}

export const VIEWS: readonly View[] = [
  { name: 'usage', title: 'Usage', Page: Usage },
  { name: 'requests', title: 'Requests', Page: Requests },
  { name: 'keys', title: 'Keys', Page: Keys },
  { name: 'jobs', title: 'Jobs', Page: Jobs },
  { name: 'playground', title: 'Playground', Page: Playground },
  { name: 'totals', title: 'Totals', admin: true, Page: Totals },
  { name: 'hosts', title: 'Hosts', admin: true, Page: Hosts },
  { name: 'unusual', title: 'Unusual use', admin: true, Page: Unusual },
  { name: 'accounts', title: 'Accounts', admin: true, Page: Accounts },
  { name: 'account', title: 'Account', admin: true, ofOne: true, Page: AccountView },
  { name: 'log', title: 'Log', admin: true, Page: LogOfActs },
]
