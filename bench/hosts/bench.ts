import { textTable } from '../../cli/cost/table.ts'
import type { BenchOptions } from '../options.ts'
import { POLICIES, type Simulated, simulate } from './simulate.ts'

export type HostsBenchOptions = BenchOptions & {
  /** The seed of the first round; the others follow. */
  seed: number
}

/** Numbers of hosts that are played. */
const HOSTS = [1, 2, 5, 10, 20, 50, 100, 200] as const

const COLUMNS = [
  { title: 'hosts', right: true },
  { title: 'chosen by' },
  { title: 'requests/s', right: true },
  { title: 'a host, of one alone', right: true },
  { title: 'p99', right: true },
  { title: 'imbalance', right: true },
  { title: 'in the cache', right: true },
]

/**
 * Plays 1 to 200 hosts with the edge's own choice among them, and with a turn each and chance beside it. Nothing is
 * measured: it is the same on every machine.
 * @throws the reason of `signal`, where it is aborted
 */
export async function hostsBench({ json, seed, progress, signal }: HostsBenchOptions): Promise<Simulated[]> {
  const results: Simulated[] = []
  for (const hosts of HOSTS)
    for (const policy of POLICIES) {
      signal.throwIfAborted()
      progress(`${hosts} hosts, ${policy}`)
      results.push(simulate(policy, hosts, { seed }))
      await new Promise(setImmediate)
    }
  if (!json)
    process.stdout.write(
      `${textTable(
        COLUMNS,
        results.map((one) => row(one, results)),
      ).join('\n')}\n`,
    )
  return results
}

function row({ hosts, policy, throughput, p99Ms, imbalance, cached }: Simulated, all: readonly Simulated[]) {
  const alone = all.find((one) => one.hosts === 1 && one.policy === policy)?.throughput ?? Number.NaN
  return [
    String(hosts),
    policy,
    throughput.toFixed(1),
    percent(throughput / hosts / alone),
    `${(p99Ms / 1000).toFixed(1)} s`,
    imbalance.toFixed(2),
    percent(cached),
  ]
}

const percent = (share: number) => `${Math.round(share * 100)} %`
