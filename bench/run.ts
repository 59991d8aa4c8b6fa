// `npm run bench -- <name> [--json]`: every benchmark of the project, by name.
import { Command, InvalidArgumentError, Option } from 'commander'
import { budgetBench } from './budget/bench.ts'
import { edgeBench } from './edge/bench.ts'
import { hostBench } from './host/bench.ts'
import { MEASUREMENTS } from './host/measurements.ts'
import { untilInterrupted } from './interrupt.ts'
import type { BudgetBenchOptions, EdgeBenchOptions, HostBenchOptions } from './options.ts'

const progress = (line: string) => void process.stderr.write(`${line}\n`)
const common = { progress, signal: untilInterrupted(progress) }
const list = MEASUREMENTS.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')

const command = new Command('npm run bench --').description(
  'Measures Twohop beside what it is compared with.',
)

command
  .command('edge')
  .description('the edge with every check on, beside a bare proxy and Portkey')
  .option('--json', 'print one JSON object', false)
  .option('--rounds <n>', 'interleaved rounds', whole, 5)
  .option('--seconds <n>', 'seconds a run', whole, 3)
  .option('--quick', 'one round of a second each: a look at everything, not figures to quote', false)
  .option('--no-portkey', "leave Portkey's gateway out, which npm installs the first time")
  .action(async (options: Omit<EdgeBenchOptions, keyof typeof common>) =>
    print(options.json, await edgeBench({ ...options, ...common })),
  )

command
  .command('budget')
  .description('reservations and settlements on one core of redis-server, round trips, memory an account')
  .option('--json', 'print one JSON object', false)
  .option('--rounds <n>', 'interleaved rounds', whole, 3)
  .option('--seconds <n>', 'seconds of reservations a run', whole, 3)
  .action(async (options: Omit<BudgetBenchOptions, keyof typeof common>) =>
    print(options.json, await budgetBench({ ...options, ...common })),
  )

command
  .command('host')
  .description('the host batching, beside plain transformers.js behind the same routes')
  .option('--json', 'print one JSON object with every figure', false)
  .option('--rounds <n>', 'interleaved rounds of what is compared', whole, 2)
  .option('--quick', 'smaller loads: a look at everything, not figures to quote', false)
  .addOption(
    new Option('--model <name>', 'the real model, or random weights of its shape')
      .choices(['smollm2', 'shape'])
      .default('smollm2'),
  )
  .option('--only <names>', 'measurements to run, with commas between', names, [])
  .option('--svg <file>', 'draw the scaling curve into a file')
  .option('--list', 'name the measurements and end', false)
  .addHelpText('after', `\nMeasurements:\n${list}`)
  .action(
    async ({
      list: listOnly,
      ...options
    }: Omit<HostBenchOptions, keyof typeof common> & { list: boolean }) => {
      if (listOnly) return void console.log(list)
      print(options.json, await hostBench({ ...options, ...common }))
    },
  )

await command.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode ||= 1
})

function print(json: boolean, result: unknown): void {
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`)
}

function whole(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.')
  return Number(text)
}

function names(text: string): string[] {
  const wanted = text.split(',')
  const unknown = wanted.find((name) => !MEASUREMENTS.some((one) => one.name === name))
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no ${unknown}; --list names them.`)
  return wanted
}
