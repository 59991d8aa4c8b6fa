import type { PerCall } from './counted.ts'
import type { Figures, Times } from './figures.ts'
import type { SelfTime } from './profile.ts'

/** A target's figures, and how many times those of the bare proxy and of Portkey they are. */
export type Compared = Figures & { times_bare?: Times; times_portkey?: Times }

type Report = {
  runtime: string
  guards: string
  load_average: { before: number | undefined; after: number | undefined }
  machine: string
  redis: string
  quick: boolean
  left_out?: { portkey: string }
  cpu_time?: string
  per_call: readonly ({ name: string } & PerCall)[]
  edge_gzip_bytes: number
  cases: readonly { name: string; targets: Record<string, Compared> }[]
}

/** Prints the result for people: a table for each case, with medians over the rounds. */
export function print(result: Report): void {
  console.log(
    `${result.runtime}, guards ${result.guards}: ${result.machine}${result.quick ? '; one short round, not to quote' : ''}`,
  )
  for (const { name, targets } of result.cases) {
    console.log(`\n${name}`)
    console.table(
      Object.fromEntries(Object.entries(targets).map(([target, figures]) => [target, row(figures)])),
    )
    for (const [target, { firstError }] of Object.entries(targets))
      if (firstError !== undefined) console.log(`${target}: ${firstError}`)
  }
  console.log()
  for (const { name, requests, commands, host } of result.per_call)
    console.log(
      `A model call, ${name}: ${requests} requests to Redis (${result.redis}) with ${commands} commands, ${host} to the host`,
    )
  console.log(`The edge: ${(result.edge_gzip_bytes / 1024).toFixed(1)} KiB gzipped`)
  if (result.left_out) console.log(`Portkey was left out: ${result.left_out.portkey}`)
  const { before = 0, after = 0 } = result.load_average
  console.log(`Load average of the machine: ${before.toFixed(1)} before, ${after.toFixed(1)} after`)
  if (result.cpu_time) console.log(result.cpu_time)
}

function row({ rps, p50, p95, p99, ttfb50, gap50, gap99, cpu, times_bare, times_portkey, errors }: Compared) {
  return {
    'requests/s': rps.median,
    spread: `${rps.min}-${rps.max}`,
    'p50 ms': p50.median,
    'p95 ms': p95.median,
    'p99 ms': p99.median,
    'first byte p50 ms': ttfb50.median,
    ...(gap50 && gap99 && { 'gap p50 ms': gap50.median, 'gap p99 ms': gap99.median }),
    ...(cpu && { 'CPU us/request': cpu.median }),
    ...(times_bare?.cpu && { 'CPU x bare': times_bare.cpu.median }),
    ...(times_bare && { 'first byte x bare': times_bare.ttfb50.median }),
    ...(times_portkey && { 'requests/s x Portkey': times_portkey.rps.median }),
    ...(times_portkey?.cpu && { 'CPU x Portkey': times_portkey.cpu.median }),
    errors,
  }
}

/** Functions that are shown of a profile. */
const SHOWN = 40

/** Prints where the time of each case goes, in microseconds a request. */
export function printProfiles(
  cases: readonly { name: string; requests: number; functions: readonly SelfTime[] }[],
): void {
  for (const { name, requests, functions } of cases) {
    const all = functions.reduce((sum, { micros }) => sum + micros, 0)
    console.log(`\n${name}: ${Math.round(all / requests)} us a request, ${requests} requests`)
    console.table(
      functions.slice(0, SHOWN).map(({ name: function_, micros }) => ({
        function: function_,
        'us a request': Math.round((micros / requests) * 10) / 10,
        '%': Math.round((micros / all) * 1000) / 10,
      })),
    )
  }
}
