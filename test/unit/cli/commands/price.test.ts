import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Catalog } from '../../../../shared/catalog.ts'
import { catalog as shipped } from '../../../fixtures/catalog.ts'
import { twohop } from '../../../fixtures/twohop-command.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twohop-price-'))
})
afterAll(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }))

const PROVIDER = ['--input', '0.15', '--output', '0.60']

/** What stands behind a name in what was printed to be pasted. */
const pasted = (out: string, name: string) =>
  JSON.parse(new RegExp(`"${name}": (\\{.*\\})`).exec(out)?.[1] ?? '')

describe('twohop price', () => {
  it.each([
    [['--machine-hour', '1.20', '--tokens-per-second', '900'], { prompt: 75, output: 75, compute_second: 0 }],
    [
      ['--machine-hour', '1.20', '--tokens-per-second', '1000', '--prompt-tokens-per-second', '4000'],
      { prompt: 17, output: 67, compute_second: 0 },
    ],
    [[...PROVIDER, '--cached', '0.075'], { prompt: 15, output: 60, compute_second: 0 }],
    [[...PROVIDER, '--image-tokens', '1100'], { prompt: 15, output: 60, compute_second: 0 }],
  ])('prints for %j what a catalog takes as it is pasted', async (options, prices) => {
    const { code, out, err } = await twohop('price', ...options)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(pasted(out, 'prices')).toEqual(prices)
    const { models, plans, ...rest } = shipped
    const catalog = {
      ...rest,
      models: models.map((model) => ({ ...model, prices: pasted(out, 'prices') })),
      plans: plans.map((plan) => ({ ...plan, budgets: pasted(out, 'budgets') })),
    }
    expect(Catalog.parse(catalog).models[0]?.prices).toEqual(prices)
  })

  it.each([
    // $0.006 a minute are a hundredth of a cent a second; who sells minutes takes nothing for the text.
    [['--audio-minute', '0.006'], { prompt: 0, output: 0, audio_second: 10_000 }],
    // 20 s of audio a second for $1.20 an hour, half of it idle: a third of a ten-thousandth of a dollar each.
    [
      ['--machine-hour', '1.20', '--tokens-per-second', '900', '--audio-speed', '20'],
      { prompt: 75, output: 75, audio_second: 3334 },
    ],
  ])(
    'prints for %j the price of a second of audio, and a budget of whole requests',
    async (options, prices) => {
      const { code, out, err } = await twohop('price', ...options, '--audio-seconds', '90')
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(pasted(out, 'prices')).toEqual({ ...prices, compute_second: 0 })
      expect(out).toContain('of 90 s of audio in')
      const { month, minute } = pasted(out, 'budgets')
      const each = 90 * prices.audio_second + 150 * prices.output
      expect(month).toBe(310 * each)
      // Two requests at once, each with the longest text of its five windows.
      expect(minute).toBe(
        Math.max(Math.ceil(month / 100), 2 * (90 * prices.audio_second + 5 * 448 * prices.output)),
      )
    },
  )

  it('tells reading from writing in what was measured', async () => {
    const file = join(dir, 'bench.json')
    const runs = [
      { target: 'batching', case: '64 + 64 x 16', tokensPerSecond: 83.5 },
      { target: 'batching', case: '256 + 64 x 16', tokensPerSecond: 43.8 },
    ]
    await writeFile(file, JSON.stringify({ results: [{ name: 'throughput', raw: { runs } }] }))
    const { out } = await twohop('price', '--json', '--machine-hour', '0.09', '--throughput', file)
    const { prompt, output } = JSON.parse(out).prices
    // 1/83.5 = output + prompt and 1/43.8 = output + 4 prompts; half of $0.09 an hour idles.
    expect(prompt).toBe(Math.ceil(((1 / 43.8 - 1 / 83.5) / 3) * (0.09 / 3600) * 2 * 1e8))
    expect(output).toBeGreaterThan(2 * prompt)
  })

  it('makes budgets from what a user pays', async () => {
    const { out } = await twohop('price', ...PROVIDER, '--user-price', '5', '--json')
    expect(JSON.parse(out)).toMatchObject({ user_month_cents: 500, budgets: { month: 350_000_000 } })
  })

  it.each([
    [[]],
    [['--input', '1']],
    [['--input', '1', '--output', 'cheap']],
    [['--machine-hour', '1']],
    [['--tokens-per-second', '5']],
    [['--machine-hour', '1', '--tokens-per-second', '5', '--input', '1', '--output', '1']],
    [['--machine-hour', '1', '--tokens-per-second', '5', '--throughput', 'x']],
    [['--machine-hour', '1', '--tokens-per-second', '5', '--audio-minute', '1']],
    [['--audio-speed', '5']],
    [['--audio-minute', '1', '--audio-seconds', '0']],
    [['--machine-hour', '1', '--tokens-per-second', '0']],
    [[...PROVIDER, '--margin', '100']],
    [[...PROVIDER, '--utilisation', '0']],
    [[...PROVIDER, 'more']],
  ])('ends with 2 on %j, and says why in one line', async (words) => {
    const { code, out, err } = await twohop('price', ...words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^twohop: .+\n$/)
  })

  it.each([
    [[...PROVIDER, '--user-price', '0.01', '--fixed', '1000000'], 'no_offer'],
    [['--machine-hour', '1', '--throughput', 'gone.json'], 'unreadable'],
  ])('ends with 1 on %j with code %s', async (words, code) => {
    const { code: exit, err } = await twohop('price', '--json', ...words)
    expect(exit).toBe(1)
    expect(JSON.parse(err).error.code).toBe(code)
  })

  it('has examples in its help, each of which runs', async () => {
    const { out } = await twohop('price', '--help')
    const examples = [...out.matchAll(/^ {2}npx twohop (price [^&\n]*?)(?: > .*)?$/gm)].map(
      ([, words]) => words ?? '',
    )
    expect(examples.length).toBeGreaterThan(2)
    for (const words of examples.filter((each) => !each.includes('bench.json')))
      expect((await twohop(...words.split(' '))).code, words).toBe(0)
  })
})
