import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { twohop } from '../../../fixtures/twohop-command.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twohop-cost-'))
})
afterAll(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }))
async function file(name: string, text: string): Promise<string> {
  await writeFile(join(dir, name), text)
  return join(dir, name)
}

describe('twohop', () => {
  it('shows its help on --help with 0, and without a command on the error output with 2', async () => {
    expect(await twohop('--help')).toMatchObject({ code: 0, err: '', out: expect.stringContaining('cost') })
    expect(await twohop('cost', '--help')).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('--users'),
    })
    expect(await twohop()).toMatchObject({ code: 2, out: '', err: expect.stringContaining('cost') })
  })

  it.each([
    [['prices']],
    [['cost', '--userz', '5']],
    [['cost', '--users', '0']],
    [['cost', '--users', '1.5']],
    [['cost', '--peak', '0.5']],
    [['cost', '--combination', 'nowhere']],
    [['cost', '--users', '100000000', '--requests', '100000']],
    [['cost', 'more']],
    [['cost', '--audio-seconds', '60']],
    [['cost', '--audio-speed', '20']],
    [['cost', '--throughput', 'a.json', '--tokens-per-second', '5']],
  ])('ends with 2 on %j, and says why in one line', async (words) => {
    const { code, out, err } = await twohop(...words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^twohop: .+\n$/)
  })

  it('counts images and audio as work of the containers', async () => {
    const asked = [
      'cost',
      '--json',
      '--users',
      '100000',
      '--tokens-per-second',
      '500',
      '--gpu-tokens-per-second',
      '500',
    ]
    const totals = async (...more: string[]) => {
      const { out } = await twohop(...asked, ...more)
      const { workload, combinations } = JSON.parse(out)
      const [first] = combinations
      return { workload, text: JSON.stringify(first.scales ?? first) }
    }
    const plain = await totals()
    const heard = await totals('--audio-seconds', '600', '--audio-speed', '2')
    expect(heard.workload).toMatchObject({ audio_seconds: 600 })
    expect(heard.text).not.toBe(plain.text)
    expect((await totals('--image-tokens', '900')).workload).toMatchObject({ image_tokens: 900 })
  })

  it('tells a failure as JSON where JSON is asked for', async () => {
    const { code, err } = await twohop('cost', '--json', '--throughput', join(dir, 'gone.json'))
    expect(code).toBe(1)
    expect(JSON.parse(err)).toEqual({
      error: { code: 'unreadable', message: expect.stringContaining('gone.json') },
    })
  })

  it.each([
    ['--throughput', '{}', 'bad_throughput'],
    ['--gpu-throughput', 'none', 'bad_throughput'],
    ['--prices', '{}', 'bad_prices'],
    ['--prices', 'none', 'bad_prices'],
  ])('ends with 1 where the file of %s holds %s', async (option, text, code) => {
    const { code: exit, err } = await twohop('cost', '--json', option, await file('wrong.json', text))
    expect(exit).toBe(1)
    expect(JSON.parse(err).error.code).toBe(code)
  })
})

describe('twohop cost', () => {
  it('prints a table in plain text, and a single combination with every line', async () => {
    const all = await twohop('cost')
    expect(all).toMatchObject({ code: 0, err: '' })
    expect(all.out).not.toContain('\u001b')
    expect(all.out).toMatch(/^workers-fly +\$5\.00 /m)
    const one = await twohop('cost', '--combination', 'workers-fly')
    expect(one.out).toMatch(/^container +Fly\.io performance-2x, 4 GB +machine-seconds /m)
    expect(one.out).not.toContain('supabase-modal')
  })

  it('prints JSON whose parts are the total, for the workload that was asked for', async () => {
    const { out } = await twohop(
      'cost',
      '--json',
      '--users',
      '50',
      '--requests',
      '2.5',
      '--combination',
      'workers-runpod',
    )
    const { workload, combinations } = JSON.parse(out)
    expect(workload).toMatchObject({ users: 50, requests_per_day: 2.5 })
    expect(combinations).toHaveLength(1)
    const [{ scales }] = combinations
    expect(scales.map(({ factor }: { factor: number }) => factor)).toEqual([1, 10, 100])
    for (const { parts_microdollars, total_microdollars } of scales)
      expect(Object.values<number>(parts_microdollars).reduce((sum, part) => sum + part, 0)).toBe(
        total_microdollars,
      )
  })

  it('takes a measured throughput, so a faster host costs less', async () => {
    const bench = (tokensPerSecond: number) =>
      JSON.stringify({
        results: [
          {
            name: 'throughput',
            raw: { runs: [{ target: 'batching', case: '64 + 64 x 16', tokensPerSecond }] },
          },
        ],
      })
    const total = async (...words: string[]) => {
      const { out } = await twohop('cost', '--json', '--combination', 'workers-fly', ...words)
      return JSON.parse(out).combinations[0].scales[2].total_microdollars
    }
    const slow = await total('--throughput', await file('slow.json', bench(20)))
    const fast = await total('--throughput', await file('fast.json', bench(2000)))
    expect(fast).toBeLessThan(slow / 10)
    expect(await total('--tokens-per-second', '20')).toBe(slow)
  })

  const few = ['--users', '10', '--requests', '3', '--output-tokens', '60', '--combination', 'workers-fly']

  it('takes the free plans where they serve the load, which takes rarer runs and looks for the one of Redis', async () => {
    const services = async (...words: string[]) =>
      JSON.parse((await twohop('cost', '--json', ...few, ...words)).out).combinations[0].scales[0].services
    const rare = ['--schedule-minutes', '5', '--look-seconds', '600']
    expect(await services(...rare)).toEqual(['workers-free', 'upstash-free', 'supabase-free', 'fly-machine'])
    // A run a minute alone is more commands a month than Upstash gives free.
    expect(await services()).toEqual(['workers-free', 'upstash-payg', 'supabase-free', 'fly-machine'])
    // A longer answer takes more CPU time than Workers gives free, and many rows do not fit into the free database.
    expect((await services(...rare, '--output-tokens', '150'))[0]).toBe('workers-paid')
    expect((await services(...rare, '--users', '2000'))[2]).toBe('supabase-pro')
  })

  it('leaves out what no plan serves, and says so', async () => {
    const { out } = await twohop('cost', '--users', '100000', '--gpu-tokens-per-second', '50')
    expect(out).toContain('Left out, because no plan serves this load: ')
    expect(out).toContain('supabase-modal')
    expect(out).not.toMatch(/^supabase-modal +\$/m)
  })

  it('lists the combinations', async () => {
    expect(JSON.parse((await twohop('cost', '--list', '--json')).out)).toContainEqual({
      id: 'node-fly',
      name: 'Everything on one Fly.io machine',
    })
    expect((await twohop('cost', '--list')).out).toMatch(/^node-fly +Everything/m)
  })

  it('prints the page of the docs as it is there', async () => {
    const page = await readFile(new URL('../../../../docs/cost.md', import.meta.url), 'utf8')
    const { out } = await twohop('cost', '--markdown')
    expect(page, 'run: node cli/twohop.ts cost --markdown > docs/cost.md').toBe(out)
  })
})
