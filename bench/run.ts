// `npm run bench -- <name> [--json]`: every benchmark of the project, by name.
import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { DEVICES } from '../inference-host/device/port.ts'
import { HERE } from '../local/here.ts'
import { type AbuseBenchOptions, abuseBench } from './abuse/bench.ts'
import { budgetBench } from './budget/bench.ts'
import { type DrainBenchOptions, drainBench } from './drain/bench.ts'
import { edgeBench } from './edge/bench.ts'
import { type GpuBenchOptions, gpuBench } from './gpu/bench.ts'
import { hostBench } from './host/bench.ts'
import { MEASUREMENTS } from './host/measurements.ts'
import { type HostsBenchOptions, hostsBench } from './hosts/bench.ts'
import { untilInterrupted } from './interrupt.ts'
import { type DecoderSizes, SMOLLM2_135M } from './models/decoder.ts'
import { writeDecoder } from './models/made.ts'
import {
  type BudgetBenchOptions,
  type EdgeBenchOptions,
  GUARD_NAMES,
  type HostBenchOptions,
  RUNTIME_NAMES,
} from './options.ts'
import { type StructureBenchOptions, structureBench } from './structure/bench.ts'

const progress = (line: string) => void process.stderr.write(`${line}\n`)
const common = { progress, signal: untilInterrupted(progress) }
const list = MEASUREMENTS.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')

const command = new Command('npm run bench --').description(
  'Measures Twohop beside what it is compared with.',
)

command
  .command('edge')
  .description('the edge with every check on, beside a bare proxy and Portkey (six minutes)')
  .addOption(
    new Option('--runtime <name>', 'on what the edge and the bare proxy run')
      .choices(RUNTIME_NAMES)
      .default('workers'),
  )
  .option('--json', 'print one JSON object', false)
  .option('--rounds <n>', 'interleaved rounds', whole, 5)
  .option('--seconds <n>', 'seconds a run', whole, 3)
  .option('--quick', 'one round of a second each: a look at everything, not figures to quote', false)
  .option('--no-portkey', "leave Portkey's gateway out, which npm installs the first time")
  .addOption(
    new Option('--guards <name>', "guards of the caller's plan: none, or personal data blocked both ways")
      .choices(GUARD_NAMES)
      .default('off'),
  )
  .option('--profile', 'instead, say in which functions the edge spends its time', false)
  .action(async (options: Omit<EdgeBenchOptions, keyof typeof common>) =>
    print(options.json, await edgeBench({ ...options, ...common })),
  )

command
  .command('budget')
  .description(
    'reservations and settlements on one core of redis-server, round trips, memory an account (a minute)',
  )
  .option('--json', 'print one JSON object', false)
  .option('--rounds <n>', 'interleaved rounds', whole, 3)
  .option('--seconds <n>', 'seconds of reservations a run', whole, 3)
  .action(async (options: Omit<BudgetBenchOptions, keyof typeof common>) =>
    print(options.json, await budgetBench({ ...options, ...common })),
  )

command
  .command('drain')
  .description('usage events a second from Redis to Postgres, one drain and two at once (a minute)')
  .option('--json', 'print one JSON object', false)
  .option('--rounds <n>', 'rounds', whole, 3)
  .option('--events <n>', 'events a round', whole, 10_000)
  .action(async (options: Omit<DrainBenchOptions, keyof typeof common>) =>
    print(options.json, await drainBench({ ...options, ...common })),
  )

command
  .command('host')
  .description('the host batching, beside plain transformers.js behind the same routes (twenty minutes)')
  .option('--json', 'print one JSON object with every figure', false)
  .option('--rounds <n>', 'interleaved rounds of what is compared', whole, 2)
  .option('--quick', 'smaller loads: a look at everything, not figures to quote', false)
  .option('--model <folder or hub id>', "a real chat model; else one of SmolLM2-135M's shape is made")
  .option('--embedding-model <folder or hub id>', "a real one; else one of MiniLM's shape is made")
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

command
  .command('gpu')
  .description(
    'the host on this machine’s GPUs, beside the CPU: answers, streams, 16 bits (ten minutes at most)',
  )
  .addOption(
    new Option('--device <names...>', 'cuda, webgpu, or cpu to try the script (default: both GPUs)')
      .choices(DEVICES)
      .default([]),
  )
  .option('--quick', 'a tiny model and few tokens: a look at the script, not figures to quote', false)
  .option('--json', 'print one JSON object', false)
  .action(async (options: Omit<GpuBenchOptions, keyof typeof common>) =>
    print(options.json, await gpuBench({ ...options, ...common })),
  )

command
  .command('hosts')
  .description(
    'a simulation of 1 to 200 hosts: the edge’s choice among them, beside turns and chance (a minute)',
  )
  .option('--json', 'print one JSON object', false)
  .option('--seed <n>', 'of its random numbers: the same seed gives the same figures', whole, 1)
  .action(async (options: Pick<HostsBenchOptions, 'json' | 'seed'>) =>
    print(options.json, await hostsBench({ ...options, rounds: 1, ...common })),
  )

command
  .command('abuse')
  .description('a made month: users, a stolen key, a farm, who is found and when (a minute)')
  .option('--json', 'print one JSON object', false)
  .option('--seed <n>', 'of its random numbers: the same seed gives the same figures', whole, 1)
  .option('--at <score>', 'the score from which on something is found', whole, 50)
  .option('--keep', 'write the figures down, by which docs/abuse.md is held', false)
  .action(async (options: Pick<AbuseBenchOptions, 'json' | 'seed' | 'at' | 'keep'>) =>
    print(options.json, await abuseBench({ ...options, rounds: 1, ...common })),
  )

command
  .command('structure')
  .description(
    'structured answers on the schemas of MaskBench: accepted, wrong, writable, milliseconds (a minute)',
  )
  .requiredOption('--data <file>', 'its cases, one a line of JSON, or packed by gzip')
  .option('--model <folder>', 'the model whose tokens are masked', 'models/twohop-chat')
  .option('--every <n>', 'take one of so many cases', whole, 1)
  .option('--from <n>', 'the place of the first that is taken, from 0', place, 0)
  .option('--verbose', 'say what was refused, and what cannot be written', false)
  .option('--json', 'print one JSON object', false)
  .action(async (options: Omit<StructureBenchOptions, keyof typeof common>) =>
    print(options.json, await structureBench({ ...options, ...common })),
  )

command
  .command('model <folder>')
  .description(
    'writes a decoder with random 4-bit weights to a new folder, for `host --model`: speed depends on its shape alone',
  )
  .option('--layers <n>', 'layers', whole, SMOLLM2_135M.layers)
  .option('--hidden <n>', 'numbers of a token', whole, SMOLLM2_135M.hidden)
  .option('--heads <n>', 'heads of queries', whole, SMOLLM2_135M.heads)
  .option('--kv-heads <n>', 'heads of keys and values', whole, SMOLLM2_135M.kvHeads)
  .option('--wide <n>', 'numbers of a token in the layer between', whole, SMOLLM2_135M.wide)
  .option('--vocab <n>', 'tokens that it knows', whole, SMOLLM2_135M.vocab)
  .option('--context <n>', 'the most tokens of a text', whole, SMOLLM2_135M.context)
  .action(async (folder: string, sizes: DecoderSizes) => {
    await writeDecoder(resolve(HERE, folder), sizes)
    console.log(`npm run bench -- host --model ${folder}`)
  })

await command.parseAsync().catch((error: unknown) => {
  // The interruption was already reported, and what fails afterwards fails because parts are ending.
  if (common.signal.aborted) return
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

function place(text: string): number {
  return text === '0' ? 0 : whole(text)
}

function names(text: string): string[] {
  const wanted = text.split(',')
  const unknown = wanted.find((name) => !MEASUREMENTS.some((one) => one.name === name))
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no ${unknown}; --list names them.`)
  return wanted
}
