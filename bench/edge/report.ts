import type { Figures } from './figures.ts'

type Report = {
  machine: string
  redis: string
  quick: boolean
  left_out?: { portkey: string }
  cpu_time?: string
  redis_requests_per_call: number
  worker_gzip_bytes: number
  cases: readonly { name: string; targets: Record<string, Figures> }[]
}

/** Prints the result for people: a table for each case, with medians over the rounds. */
export function print(result: Report): void {
  console.log(`${result.machine}${result.quick ? '; one short round, not to quote' : ''}`)
  for (const { name, targets } of result.cases) {
    console.log(`\n${name}`)
    console.table(
      Object.fromEntries(Object.entries(targets).map(([target, figures]) => [target, row(figures)])),
    )
    for (const [target, { firstError }] of Object.entries(targets))
      if (firstError !== undefined) console.log(`${target}: ${firstError}`)
  }
  console.log(`\nRedis (${result.redis}) HTTP requests a model call: ${result.redis_requests_per_call}`)
  console.log(`Worker: ${(result.worker_gzip_bytes / 1024).toFixed(1)} KiB gzipped`)
  if (result.left_out) console.log(`Portkey was left out: ${result.left_out.portkey}`)
  if (result.cpu_time) console.log(result.cpu_time)
}

function row({ rps, p50, p95, p99, ttfb50, gap50, gap99, cpu, errors }: Figures) {
  return {
    'requests/s': rps.median,
    spread: `${rps.min}-${rps.max}`,
    'p50 ms': p50.median,
    'p95 ms': p95.median,
    'p99 ms': p99.median,
    'first byte p50 ms': ttfb50.median,
    ...(gap50 && gap99 && { 'gap p50 ms': gap50.median, 'gap p99 ms': gap99.median }),
    ...(cpu && { 'CPU us/request': cpu.median }),
    errors,
  }
}
