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
  /** The scope without which the menu leaves it out. What somebody may do, the edge decides. */
  scope?: 'admin' | 'jobs' | 'keys'
  /** Whether it is about one thing, and so not in the menu. */
  ofOne?: true
  Page: ComponentType<{ id: string }>
}

export const VIEWS: readonly View[] = [
  { name: 'usage', title: 'Usage', Page: Usage },
  { name: 'requests', title: 'Requests', Page: Requests },
  { name: 'keys', title: 'Keys', scope: 'keys', Page: Keys },
  { name: 'jobs', title: 'Jobs', scope: 'jobs', Page: Jobs },
  { name: 'playground', title: 'Playground', Page: Playground },
  { name: 'totals', title: 'Totals', scope: 'admin', Page: Totals },
  { name: 'hosts', title: 'Hosts', scope: 'admin', Page: Hosts },
  { name: 'unusual', title: 'Unusual use', scope: 'admin', Page: Unusual },
  { name: 'accounts', title: 'Accounts', scope: 'admin', Page: Accounts },
  { name: 'account', title: 'Account', scope: 'admin', ofOne: true, Page: AccountView },
  { name: 'log', title: 'Log', scope: 'admin', Page: LogOfActs },
]
