import { describe, expect, it } from 'vitest'
import { speedOf, throughputsOf } from '../../../../cli/cost/speed.ts'

describe('speedOf', () => {
  it('tells prompt from answer where two measurements have different prompts', () => {
    // A prompt token of 5 ms and an answer token of 10 ms.
    const tokensPerSecond = (prompt: number, output: number) => output / (prompt * 0.005 + output * 0.01)
    const { promptSeconds, outputSeconds } = speedOf([
      { promptTokens: 256, outputTokens: 64, tokensPerSecond: tokensPerSecond(256, 64) },
      { promptTokens: 64, outputTokens: 64, tokensPerSecond: tokensPerSecond(64, 64) },
      { promptTokens: 128, outputTokens: 64, tokensPerSecond: tokensPerSecond(128, 64) },
    ])
    expect(promptSeconds).toBeCloseTo(0.005, 9)
    expect(outputSeconds).toBeCloseTo(0.01, 9)
  })

  it.each([
    ['of one measurement', [{ promptTokens: 64, outputTokens: 64, tokensPerSecond: 50 }]],
    [
      'where a longer prompt seems to be faster',
      [
        { promptTokens: 64, outputTokens: 64, tokensPerSecond: 50 },
        { promptTokens: 256, outputTokens: 64, tokensPerSecond: 60 },
      ],
    ],
  ])('charges all to the answer, at the slowest, %s', (_, cases) => {
    expect(speedOf(cases)).toEqual({ promptSeconds: 0, outputSeconds: 0.02 })
  })

  it.each([[[]], [[{ promptTokens: 1, outputTokens: 1, tokensPerSecond: 0 }]]])('refuses %j', (cases) => {
    expect(() => speedOf(cases)).toThrow(expect.objectContaining({ code: 'bad_throughput' }))
  })
})

describe('throughputsOf', () => {
  const run = (target: string, name: string, tokensPerSecond: number) => ({
    round: 1,
    target,
    case: name,
    tokensPerSecond,
    firstTokenMs: [1],
  })
  const file = (runs: object[]) =>
    JSON.stringify({
      machine: { cores: 2 },
      results: [
        { name: 'scaling', seconds: 1, failed: 'not done in 1 s' },
        { name: 'throughput', seconds: 9, findings: [], raw: { runs, httpThread: [] } },
      ],
    })

  it.each([
    ['npm', '\n> twohop@0.1.0 bench\n> node bench/run.ts host --json\n\n'],
    ['npm on Windows', '\r\n> twohop@0.1.0 bench\r\n> node bench/run.ts host --json\r\n\r\n'],
  ])('reads the file as %s prints it, with its own lines first', (_, banner) => {
    const text = file([run('batching', '64 + 64 x 16', 71)])
    expect(throughputsOf(banner + text)).toEqual(throughputsOf(text))
  })

  it('takes the batching host with the most requests at once, the median of its rounds', () => {
    const text = file([
      run('plain', '64 + 64 x 16', 35),
      run('batching', '64 + 64 x 1', 43),
      run('batching', '64 + 64 x 16', 71),
      run('batching', '64 + 64 x 16', 80),
      run('batching', '256 + 64 x 16', 30),
      run('batching', '256 shared + 16 + 64 x 16', 84),
    ])
    expect(throughputsOf(text)).toEqual([
      { promptTokens: 64, outputTokens: 64, tokensPerSecond: 75.5 },
      { promptTokens: 256, outputTokens: 64, tokensPerSecond: 30 },
    ])
  })

  it.each([
    ['no JSON', 'nothing'],
    ['another JSON', '{"cases":[]}'],
    ['no run of the batching host', file([run('plain', '64 + 64 x 16', 35)])],
  ])('refuses a file that holds %s', (_, text) => {
    expect(() => throughputsOf(text)).toThrow(expect.objectContaining({ code: 'bad_throughput' }))
  })
})
