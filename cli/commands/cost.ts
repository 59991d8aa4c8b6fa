import { styleText } from 'node:util'
import { Command } from 'commander'
import { type CliContext, CliError } from '../context.ts'
import { MEASURED_CPU } from '../cost/counts.ts'
import { CPU_MEASURED, DEFAULT_WORKLOAD, defaultPrices, GPU_PUBLISHED } from '../cost/default.ts'
import type { Speeds } from '../cost/devices.ts'
import { forecastOf } from '../cost/forecast.ts'
import { FACTORS, outlookOf } from '../cost/outlook.ts'
import { costPage } from '../cost/page.ts'
import { type Combination, type PriceBook, PriceBookError, priceBook } from '../cost/price-book.ts'
import { publishedSpeeds } from '../cost/published.ts'
import {
  billTable,
  breakEvenTable,
  changeLines,
  growthTable,
  lineTable,
  type Report,
  reportJson,
  type Table,
  workloadSentence,
} from '../cost/report.ts'
import { type Speed, speedOf } from '../cost/speed.ts'
import { speedOfFile } from '../cost/speed-file.ts'
import { textTable } from '../cost/table.ts'
import { isCountable } from '../cost/workload.ts'
import { decimal, whole } from '../numbers.ts'
import { textOf } from '../text-file.ts'

type Options = {
  users: number
  requests: number
  promptTokens: number
  outputTokens: number
  imageTokens?: number
  audioSeconds?: number
  audioSpeed?: number
  streamingSeconds: number
  peak: number
  scheduleMinutes: number
  lookSeconds: number
  throughput?: string
  tokensPerSecond?: number
  gpuThroughput?: string
  gpuTokensPerSecond?: number
  combination: string[]
  prices?: string
  list: boolean
  forecast: boolean
  json: boolean
  markdown: boolean
}

/** `twohop cost`: the monthly bill of each combination of providers. */
export function costCommand(context: CliContext): Command {
  const usual = DEFAULT_WORKLOAD
  return new Command('cost')
    .option('--users <n>', 'users', whole(1, 100_000_000), usual.users)
    .option(
      '--requests <n>',
      'requests that a user makes a day',
      decimal(0.001, 100_000),
      usual.requestsPerDay,
    )
    .option('--prompt-tokens <n>', 'tokens of a prompt', whole(0, 1_000_000), usual.promptTokens)
    .option('--output-tokens <n>', 'tokens of an answer', whole(1, 1_000_000), usual.outputTokens)
    .option('--image-tokens <n>', 'tokens of the images in a prompt, besides', whole(0, 1_000_000))
    .option('--audio-seconds <n>', 'seconds of audio in a request', whole(0, 3600))
    .option(
      '--audio-speed <n>',
      'seconds of audio that a container hears in a second',
      decimal(0.001, 1_000_000),
    )
    .option(
      '--streaming-seconds <n>',
      'seconds that an answer streams',
      decimal(0, 3600),
      usual.streamingSeconds,
    )
    .option(
      '--peak <n>',
      'load of the busiest hour, in multiples of the average',
      decimal(1, 100),
      usual.peak,
    )
    .option(
      '--schedule-minutes <n>',
      'minutes between runs of the scheduled work; more of them fit free plans',
      whole(1, 60),
      usual.scheduleMinutes,
    )
    .option(
      '--look-seconds <n>',
      'seconds between looks for jobs of an idle host; the same',
      whole(1, 3600),
      usual.lookSeconds,
    )
    .option('--throughput <file>', 'throughput of CPU containers: output of `npm run bench -- host --json`')
    .option('--tokens-per-second <n>', 'the same as one number, prompts included', decimal(0.001, 1_000_000))
    .option('--gpu-throughput <file>', 'throughput of GPU containers: the same output from a GPU')
    .option(
      '--gpu-tokens-per-second <n>',
      'the same as one number, prompts included',
      decimal(0.001, 1_000_000),
    )
    .option('--combination <id>', 'only this one, with every line of its bill (repeatable)', collect, [])
    .option('--prices <file>', 'prices of your own, in the form of cli/cost/prices.json')
    .option('--list', 'list the combinations and end', false)
    .option('--forecast', 'print the one combination as COST_FORECAST of the edge, and end', false)
    .option('--json', 'print JSON', false)
    .option('--markdown', 'print the page docs/cost.md', false)
    .allowExcessArguments(false)
    .action(async (options: Options) => context.out(await cost(options, context.colour)))
}

async function cost(options: Options, colour: boolean): Promise<string> {
  const book = await pricesOf(options.prices)
  if (options.list) return listed(book, options.json)
  const unknown = options.combination.find((id) => !book.combinations.some((one) => one.id === id))
  if (unknown !== undefined)
    throw new CliError('usage', `There is no combination ${unknown}; --list names them.`)
  const workload = {
    users: options.users,
    requestsPerDay: options.requests,
    promptTokens: options.promptTokens,
    outputTokens: options.outputTokens,
    ...(options.imageTokens !== undefined && { imageTokens: options.imageTokens }),
    ...(options.audioSeconds !== undefined && { audioSeconds: options.audioSeconds }),
    streamingSeconds: options.streamingSeconds,
    peak: options.peak,
    scheduleMinutes: options.scheduleMinutes,
    lookSeconds: options.lookSeconds,
  }
  if (!isCountable(workload, Math.max(...FACTORS)))
    throw new CliError('usage', 'That is more than can be counted exactly; ask for fewer users or tokens.')
  const { speeds, speedNotes } = await speedsOf(options)
  const chosen = book.combinations.filter(
    ({ id }) => options.combination.length === 0 || options.combination.includes(id),
  )
  if (options.forecast) return forecast(chosen, (one) => forecastOf(book, one, workload, speeds))
  const all = chosen.map((combination) => outlookOf(book, combination, workload, speeds))
  // What no plan serves cannot be deployed, so it is named and not compared.
  const outlooks = all.filter(({ unit }) => unit !== undefined)
  const beyond = all.filter(({ unit }) => unit === undefined).map(({ combination }) => combination.id)
  const notes = beyond.length > 0 ? [`Left out, because no plan serves this load: ${beyond.join(', ')}.`] : []
  const report: Report = { book, workload, outlooks, speedNotes: [...speedNotes, ...notes] }
  if (options.json) return `${JSON.stringify(reportJson(report))}\n`
  if (options.markdown) return costPage(report)
  return terminal(report, options.combination.length > 0, colour)
}

/** The forecast of the one combination that was named, in one line. */
function forecast(
  chosen: readonly Combination[],
  of: (one: Combination) => ReturnType<typeof forecastOf>,
): string {
  const [one, ...others] = chosen
  if (!one || others.length > 0)
    throw new CliError('usage', 'A forecast is of one combination: name it with --combination.')
  const found = of(one)
  if (!found.bills.some(({ load }) => load === 1))
    throw new CliError('no_plan_fits', `No plan of ${one.id} serves this load.`)
  return `${JSON.stringify(found)}\n`
}

function listed({ combinations, containers }: PriceBook, json: boolean): string {
  if (json) return `${JSON.stringify(combinations.map(({ id, name }) => ({ id, name })))}\n`
  const rows = combinations.map(({ id, name, container }) => [
    id,
    name,
    containers.find((one) => one.id === container)?.name ?? container,
  ])
  const columns = [{ title: 'id' }, { title: 'what' }, { title: 'the host runs on' }]
  return `${textTable(columns, rows).join('\n')}\n`
}

function terminal(report: Report, everyLine: boolean, colour: boolean): string {
  const bold = (text: string) => (colour ? styleText('bold', text, { validateStream: false }) : text)
  const shown = (title: string, { columns, rows }: Table) => {
    const [head = '', ...body] = textTable(columns, rows)
    return rows.length === 0 ? [] : ['', bold(title), head, ...body]
  }
  const details = everyLine
    ? report.outlooks.flatMap((outlook) => shown(outlook.combination.name, lineTable(report, outlook)))
    : []
  return `${[
    workloadSentence(report.workload),
    ...report.speedNotes,
    `Prices as of ${report.book.checked}; pages and dates: cli/cost/prices.json.`,
    ...shown('A month', billTable(report)),
    ...shown('Users times 10 and 100', growthTable(report)),
    ...changeLines(report),
    ...shown('Always on, or scale to zero?', breakEvenTable(report)),
    ...details,
  ].join('\n')}\n`
}

async function pricesOf(file: string | undefined): Promise<PriceBook> {
  if (file === undefined) return defaultPrices()
  const text = await textOf(file)
  try {
    return priceBook(JSON.parse(text))
  } catch (error) {
    if (error instanceof PriceBookError) throw new CliError(error.code, error.message)
    if (error instanceof SyntaxError) throw new CliError('bad_prices', `${file} is no JSON.`)
    throw error
  }
}

async function speedsOf(options: Options): Promise<{ speeds: Speeds; speedNotes: string[] }> {
  if ((options.audioSeconds ?? 0) > 0 !== (options.audioSpeed !== undefined))
    throw new CliError(
      'usage',
      'Give --audio-seconds and --audio-speed together: nobody has measured how fast yours hears.',
    )
  const heard = options.audioSpeed === undefined ? {} : { audioSeconds: 1 / options.audioSpeed }
  const cpu = await speed(options.throughput, options.tokensPerSecond)
  const gpu = await speed(options.gpuThroughput, options.gpuTokensPerSecond)
  const slow = cpu?.speed ?? speedOf(MEASURED_CPU)
  const { a40, l4 } = gpu ? { a40: gpu.speed, l4: gpu.speed } : publishedSpeeds()
  return {
    speeds: { cpu: { ...slow, ...heard }, a40: { ...a40, ...heard }, l4: { ...l4, ...heard } },
    speedNotes: [
      cpu ? `CPU containers: ${cpu.note}.` : CPU_MEASURED,
      gpu ? `GPU containers: ${gpu.note}.` : GPU_PUBLISHED,
    ],
  }
}

async function speed(
  file: string | undefined,
  tokensPerSecond: number | undefined,
): Promise<{ speed: Speed; note: string } | undefined> {
  if (file !== undefined && tokensPerSecond !== undefined)
    throw new CliError('usage', 'A throughput is given as a file or as a number, not as both.')
  if (tokensPerSecond !== undefined)
    return {
      speed: { promptSeconds: 0, outputSeconds: 1 / tokensPerSecond },
      note: `${tokensPerSecond} tokens/s`,
    }
  if (file === undefined) return undefined
  return { speed: await speedOfFile(file), note: `as measured in ${file}` }
}

const collect = (id: string, ids: string[]) => [...ids, id]
