import type { BudgetWindow, Crossing, Limits, ProjectBudgets } from '../../../../edge/budget/port.ts'

/** The budget as it is meant, in one place, without atomicity, Lua or Redis: what the real one is compared with. */
export type Model = ReturnType<typeof createModel>

type Window = { used: number; held: number; extra: number; limit: number; told: number; requests: number }
type Request = {
  state: 'open' | 'swept' | 'settled'
  account: string
  units: number
  extra: number
  grant: object | undefined
  expires: number
  keys: Partial<Record<BudgetWindow | 'project_day' | 'project_month', string>>
}
type Account = { suspended: boolean; grant: { units: number; until: number } | undefined }

const iso = (ms: number) => new Date(ms).toISOString()

/** The first day of the billing month that holds an instant. */
function monthStart(now: number, billingDay: number): number {
  const at = new Date(now)
  const start = (month: number) => {
    const length = new Date(Date.UTC(at.getUTCFullYear(), month + 1, 0)).getUTCDate()
    return Date.UTC(at.getUTCFullYear(), month, Math.min(billingDay, length))
  }
  const current = start(at.getUTCMonth())
  return now >= current ? current : start(at.getUTCMonth() - 1)
}

export function createModel(limits: Limits, project: ProjectBudgets) {
  const windows = new Map<string, Window>()
  const requests = new Map<string, Request>()
  const accounts = new Map<string, Account>()
  const ledger = { units: 0, extra: 0, charges: 0, corrections: 0 }

  const windowOf = (key: string, limit: number): Window =>
    windows.get(key) ?? { used: 0, held: 0, extra: 0, limit, told: 0, requests: 0 }
  const accountOf = (name: string): Account => accounts.get(name) ?? { suspended: false, grant: undefined }

  function keysOf(account: string, now: number): Required<Request['keys']> {
    const own = `twohop:budget:${account}`
    return {
      minute: `${own}:minute:${iso(now).slice(0, 16)}`,
      day: `${own}:day:${iso(now).slice(0, 10)}`,
      month: `${own}:month:${iso(monthStart(now, limits.billingDay ?? 1)).slice(0, 10)}`,
      project_day: `twohop:project:day:${iso(now).slice(0, 10)}`,
      project_month: `twohop:project:month:${iso(now).slice(0, 7)}`,
    }
  }

  /** The grant that runs now. */
  function grantOf(account: string, now: number) {
    const { grant } = accountOf(account)
    return grant && grant.until > now ? grant : undefined
  }

  function reserve(id: string, account: string, units: number, leaseMs: number, now: number): string {
    if (requests.has(id)) return 'internal'
    if (accountOf(account).suspended) return 'account_suspended'
    const keys = keysOf(account, now)
    const minute = windowOf(keys.minute, limits.budgets.minute)
    const day = windowOf(keys.day, limits.budgets.day)
    const month = windowOf(keys.month, limits.budgets.month)
    const whole = [
      [keys.project_day, windowOf(keys.project_day, project.day as number), project.day as number],
      [keys.project_month, windowOf(keys.project_month, project.month as number), project.month as number],
    ] as const
    const running = [...requests.values()].filter(
      (one) => one.account === account && one.state === 'open' && one.expires > now,
    )
    const lack = (window: Window, limit: number) =>
      Math.max(0, window.used + window.held + units - limit - window.extra)
    const grant = grantOf(account, now)
    const granted = grant?.units ?? 0

    if (minute.requests >= limits.requestsPerMinute) return 'rate_limited'
    if (running.length >= limits.concurrent) return 'too_many_concurrent'
    if (lack(month, limits.budgets.month) > granted) return 'budget_exhausted month'
    if (lack(day, limits.budgets.day) > granted) return 'budget_exhausted day'
    if (lack(minute, limits.budgets.minute) > 0)
      return units > limits.budgets.minute ? 'budget_exhausted minute' : 'budget_minute_exhausted minute'
    if (lack(whole[1][1], whole[1][2]) > 0) return 'project_budget_exhausted month'
    if (lack(whole[0][1], whole[0][2]) > 0) return 'project_budget_exhausted day'

    const extra = Math.max(lack(day, limits.budgets.day), lack(month, limits.budgets.month))
    if (grant) grant.units -= extra
    minute.requests++
    for (const [key, window] of [
      [keys.minute, minute],
      [keys.day, day],
      [keys.month, month],
      ...whole,
    ] as const) {
      window.held += units
      if (window === day || window === month) window.extra += extra
      windows.set(key, window)
    }
    requests.set(id, { state: 'open', account, units, extra, grant, expires: now + leaseMs, keys })
    return 'granted'
  }

  function charge({ account, keys }: Request, held: number, used: number): Crossing[] {
    const crossed: Crossing[] = []
    for (const [name, key] of Object.entries(keys)) {
      const window = windows.get(key) as Window
      window.held += held
      window.used += used
      for (const percent of [50, 80, 100] as const) {
        const reached = window.used * 100 >= window.limit * percent
        if (name === 'minute' || percent <= window.told || !reached) continue
        window.told = percent
        crossed.push({
          account: name.startsWith('project') ? undefined : account,
          window: name.replace('project_', '') as 'day' | 'month',
          period: key.slice(key.lastIndexOf(':') + 1),
          percent,
          used: window.used,
          limit: window.limit,
        })
      }
    }
    ledger.units += used
    return crossed
  }

  function settle(
    id: string,
    reported: number,
    remembered: number,
  ): { settled: boolean; crossed: Crossing[] } {
    const request = requests.get(id)
    if (request?.state === 'settled') return { settled: false, crossed: [] }
    if (!request) {
      const nothing = { account: '', units: 0, extra: 0, grant: undefined, expires: 0, keys: {} }
      requests.set(id, { state: 'settled', ...nothing })
      if (reported > 0) {
        ledger.charges++
        ledger.units += Math.min(reported, remembered)
      }
      return { settled: true, crossed: [] }
    }
    const used = Math.min(reported, request.units)
    const back = Math.min(request.extra, request.units - used)
    for (const name of ['day', 'month'] as const) {
      const window = windows.get(request.keys[name] ?? '')
      if (window) window.extra -= back
    }
    const { grant } = accountOf(request.account)
    if (grant && grant === request.grant) grant.units += back
    ledger.extra += request.state === 'open' ? request.extra - back : -back
    if (request.state === 'open') ledger.charges++
    else ledger.corrections++
    const crossed =
      request.state === 'open'
        ? charge(request, -request.units, used)
        : charge(request, 0, used - request.units)
    request.state = 'settled'
    return { settled: true, crossed }
  }

  function sweep(most: number, now: number): { charged: number; crossed: Crossing[] } {
    const expired = [...requests]
      .filter(([, { state, expires }]) => state === 'open' && expires <= now)
      .sort(([a, one], [b, other]) => one.expires - other.expires || (a < b ? -1 : 1))
      .slice(0, most)
    const crossed = expired.flatMap(([, request]) => {
      request.state = 'swept'
      ledger.charges++
      ledger.extra += request.extra
      return charge(request, -request.units, request.units)
    })
    return { charged: expired.length, crossed }
  }

  return {
    windows,
    requests,
    ledger,
    reserve,
    settle,
    sweep,
    suspend: (account: string, suspended: boolean) =>
      void accounts.set(account, { ...accountOf(account), suspended }),
    grant(account: string, units: number, until: number, now: number) {
      const running = grantOf(account, now)
      // The same object while it runs on: that is how a reservation knows the grant that paid for it.
      const grant = running ?? { units: 0, until: 0 }
      grant.units += units
      grant.until = Math.max(grant.until, until)
      accounts.set(account, { ...accountOf(account), grant })
      return { units: grant.units, until: grant.until }
    },
  }
}
