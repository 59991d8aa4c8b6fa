import { Command, InvalidArgumentError } from 'commander'
import { type CliContext, CliError } from '../context.ts'
import { DEFAULT_WORKLOAD } from '../cost/default.ts'
import { microDollars } from '../cost/money.ts'
import type { Speed } from '../cost/speed.ts'
import { speedOfFile } from '../cost/speed-file.ts'
import { decimal, whole } from '../numbers.ts'
import { OfferError, UNITS_PER_DOLLAR } from '../price/offer.ts'
import { audioRate, machineRates, type Rates } from '../price/rates.ts'
import { sheetJson, sheetOf, sheetText } from '../price/sheet.ts'

type Options = {
  machineHour?: number
  tokensPerSecond?: number
  promptTokensPerSecond?: number
  throughput?: string
  utilisation: number
  input?: number
  output?: number
  cached?: number
  audioMinute?: number
  audioSpeed?: number
  audioSeconds: number
  imageTokens: number
  requests: number
  promptTokens: number
  outputTokens: number
  userPrice?: number
  margin: number
  fixed: number
  users: number
  unitsPerDollar: number
  json: boolean
}

const EXAMPLES = `
Examples:
  npx twohop price --machine-hour 1.20 --tokens-per-second 900
  npx twohop price --machine-hour 1.20 --throughput bench.json --utilisation 30
  npx twohop price --input 0.15 --output 0.60 --cached 0.075 --user-price 5
  npx twohop price --input 0.15 --output 0.60 --image-tokens 1100
  npx twohop price --audio-minute 0.006 --audio-seconds 90
  npx twohop price --input 0.15 --output 0.60 --json > price.json`

/** `twohop price`: what tokens cost you, as a catalog's prices and budgets and as a price for each user. */
export function priceCommand({ out }: CliContext): Command {
  const usual = DEFAULT_WORKLOAD
  return new Command('price')
    .option('--machine-hour <usd>', 'what an hour of your machine costs, such as a GPU', usd)
    .option(
      '--tokens-per-second <n>',
      'output tokens a second when it is busy',
      decimal(0.001, 1_000_000_000),
    )
    .option(
      '--prompt-tokens-per-second <n>',
      'tokens of prompts that it reads a second (default: as many as it writes)',
      decimal(0.001, 1_000_000_000),
    )
    .option('--throughput <file>', 'both, measured: output of `npm run bench -- host --json`')
    .option('--utilisation <percent>', 'share of the paid hours in which it computes', whole(1, 100), 50)
    .option('--input <usd>', 'what a provider takes for a million tokens of prompts', usd)
    .option('--output <usd>', 'the same of answers', usd)
    .option('--cached <usd>', 'the same of prompts found in its cache', usd)
    .option('--audio-minute <usd>', 'what a provider takes for a minute of audio, of a model that hears', usd)
    .option(
      '--audio-speed <n>',
      'seconds of audio that your machine hears in a second, of such a model',
      decimal(0.001, 1_000_000),
    )
    .option(
      '--requests <n>',
      'requests a day that a user may make',
      decimal(0.001, 100_000),
      usual.requestsPerDay,
    )
    .option('--prompt-tokens <n>', 'tokens of a prompt', whole(1, 1_000_000), usual.promptTokens)
    .option('--image-tokens <n>', 'tokens of the images in it', whole(0, 1_000_000), 0)
    .option('--audio-seconds <n>', 'seconds of audio in place of a prompt', whole(1, 3600), 60)
    .option('--output-tokens <n>', 'tokens of an answer', whole(0, 1_000_000), usual.outputTokens)
    .option(
      '--user-price <usd>',
      'what a user pays a month; the budget follows from it, not from --requests',
      usd,
    )
    .option('--margin <percent>', 'share of the price that is to remain', whole(0, 95), 30)
    .option('--fixed <usd>', 'what the deployment costs a month, whoever asks', usd, 0)
    .option('--users <n>', 'users who pay, to share that', whole(1, 100_000_000), usual.users)
    .option(
      '--units-per-dollar <n>',
      'units of your catalog',
      whole(1_000, 1_000_000_000_000),
      UNITS_PER_DOLLAR,
    )
    .option('--json', 'print JSON', false)
    .allowExcessArguments(false)
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      const rates = await ratesOf(options)
      try {
        const sheet = sheetOf(
          rates,
          {
            requestsPerDay: options.requests,
            promptTokens: options.promptTokens,
            outputTokens: options.outputTokens,
            imageTokens: options.imageTokens,
            audioSeconds: rates.audio === undefined ? undefined : options.audioSeconds,
          },
          {
            margin: options.margin,
            fixedCents: Math.ceil(options.fixed / MICROS_PER_CENT),
            users: options.users,
            unitsPerDollar: options.unitsPerDollar,
          },
          options.userPrice === undefined ? undefined : Math.floor(options.userPrice / MICROS_PER_CENT),
        )
        out(options.json ? `${JSON.stringify(sheetJson(sheet))}\n` : sheetText(sheet))
      } catch (error) {
        if (error instanceof OfferError) throw new CliError(error.code, error.message)
        throw error
      }
    })
}

const MICROS_PER_CENT = 10_000

/** What tokens cost: a machine's hours, or a provider's list. @throws CliError usage where it is neither or both */
async function ratesOf(options: Options): Promise<Rates> {
  const { machineHour: hour, input, output, cached, utilisation, audioMinute, audioSpeed } = options
  const ofMachine = [
    hour,
    options.tokensPerSecond,
    options.promptTokensPerSecond,
    options.throughput,
    audioSpeed,
  ]
  const isMachine = ofMachine.some((option) => option !== undefined)
  const isProvider = [input, output, cached, audioMinute].some((option) => option !== undefined)
  if (isMachine && isProvider)
    throw new CliError('usage', "Give a machine's hour and speed, or a provider's prices, not both.")
  // Who takes money for minutes takes none for the text.
  if (audioMinute !== undefined)
    return { input: input ?? 0, output: output ?? 0, audio: audioRate(audioMinute) }
  if (isProvider) {
    if (input === undefined || output === undefined)
      throw new CliError('usage', 'A provider has two prices: give --input and --output.')
    return { input, output, cached }
  }
  if (hour === undefined)
    throw new CliError(
      'usage',
      "Give --machine-hour with --tokens-per-second or --throughput, or a provider's --input and --output.",
    )
  return machineRates({ hour, speed: await speedOfMachine(options), utilisation, audioSpeed })
}

async function speedOfMachine(options: Options): Promise<Speed> {
  const { tokensPerSecond: output, promptTokensPerSecond: prompt, throughput: file } = options
  if (file !== undefined) {
    if (output !== undefined || prompt !== undefined)
      throw new CliError('usage', 'A throughput is given as a file or as a number, not as both.')
    return speedOfFile(file)
  }
  if (output === undefined)
    throw new CliError('usage', 'Say how fast the machine is: --tokens-per-second, or --throughput.')
  return { promptSeconds: prompt === undefined ? 0 : 1 / prompt, outputSeconds: 1 / output }
}

/** Reads an option's value in dollars. @throws InvalidArgumentError */
function usd(text: string): number {
  try {
    return microDollars(text)
  } catch {
    throw new InvalidArgumentError('It must be dollars, such as 1.20, with at most 6 places.')
  }
}
