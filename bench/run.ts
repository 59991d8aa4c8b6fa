// `npm run bench -- <name> [--json]`: every benchmark of the project, by name.
import { Command } from 'commander'
import { edgeBench } from './edge/bench.ts'
import { hostBench } from './host/bench.ts'
import type { BenchOptions } from './options.ts'

const BENCHMARKS: Record<string, { about: string; run: (options: BenchOptions) => Promise<unknown> }> = {
  edge: { about: 'the edge with every check on, beside a bare proxy and Portkey', run: edgeBench },
  host: { about: 'the host batching, beside plain transformers.js behind the same routes', run: hostBench },
}

const command = new Command('npm run bench --').description(
  'Measures Twohop beside what it is compared with.',
)
for (const [name, { about, run }] of Object.entries(BENCHMARKS))
  command
    .command(name)
    .description(about)
    .option('--json', 'print one JSON object', false)
    .option('--rounds <n>', 'interleaved rounds', '5')
    .option('--seconds <n>', 'seconds a run', '3')
    .action(async ({ json, rounds, seconds }: { json: boolean; rounds: string; seconds: string }) => {
      const result = await run({
        json,
        rounds: Number(rounds),
        seconds: Number(seconds),
        progress: (line) => process.stderr.write(`${line}\n`),
      })
      if (json) process.stdout.write(`${JSON.stringify(result)}\n`)
    })
await command.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
})
