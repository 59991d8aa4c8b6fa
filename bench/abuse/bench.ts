import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { textTable } from '../../cli/cost/table.ts'
import { startRedis } from '../../local/redis/start.ts'
import type { BenchOptions } from '../options.ts'
import { keepFigures } from './kept.ts'
import { MONTH, people } from './people.ts'
import { type Played, play } from './play.ts'

export type AbuseBenchOptions = BenchOptions & {
  seed: number
  at: number
  /** Writes the figures where docs/abuse.md is held against them. */
  keep: boolean
}

const COLUMNS = [
  { title: 'who' },
  { title: 'accounts', right: true },
  { title: 'requests', right: true },
  { title: 'wrongly found', right: true },
  { title: 'highest score', right: true },
  { title: 'found', right: true },
  { title: 'after requests', right: true },
  { title: 'after', right: true },
]

/**
 * Plays a made month of users, one stolen key, one farm of accounts and one user who works a whole day, on the edge's own
 * scripts and a set clock. It is the same on every machine.
 * @throws the reason of `signal`, where it is aborted
 */
export async function abuseBench(options: AbuseBenchOptions): Promise<Played[]> {
  const { json, seed, at, keep, progress, signal } = options
  const dir = await mkdtemp(join(tmpdir(), 'twohop-abuse-'))
  const redis = await startRedis({ dir })
  try {
    progress('a month of some 19,000 requests')
    const played = await play(redis, people(MONTH, seed), at, signal)
    const rows = rowsOf(played)
    if (keep) keepFigures({ seed, at, rows: rows.map(named) })
    if (!json) process.stdout.write(`${textTable(COLUMNS, rows).join('\n')}\n`)
    return played
  } finally {
    await redis.stop()
    await rm(dir, { recursive: true, force: true, maxRetries: 10 })
  }
}

const named = (row: readonly string[]) =>
  Object.fromEntries(COLUMNS.map(({ title }, i) => [title, row[i] ?? '']))

/** A line a kind. */
function rowsOf(played: readonly Played[]): string[][] {
  return [...Map.groupBy(played, ({ kind }) => kind)].map(([kind, all]) => {
    const sum = (of: (one: Played) => number) => all.reduce((total, one) => total + of(one), 0)
    const found = all.flatMap((one) => one.found ?? [])
    const sought = all.filter((one) => one.sought).length
    const median = (of: (one: { requests: number; ms: number }) => number) =>
      found.map(of).toSorted((a, b) => a - b)[Math.floor(found.length / 2)]
    const ms = median((one) => one.ms)
    return [
      kind,
      String(all.length),
      String(sum(({ requests }) => requests)),
      String(sum(({ wrong }) => wrong)),
      String(Math.max(...all.map(({ highest }) => highest.score))),
      sought === 0 ? '-' : `${found.length} of ${sought}`,
      String(median(({ requests }) => requests) ?? '-'),
      ms === undefined ? '-' : `${(ms / 60_000).toFixed(1)} min`,
    ]
  })
}
