import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { speedOfFile } from '../../../../cli/cost/speed-file.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twohop-speed-'))
})
afterAll(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }))

describe('a file of throughputs', () => {
  it('becomes seconds a token', async () => {
    const file = join(dir, 'bench.json')
    const runs = [{ target: 'batching', case: '64 + 64 x 16', tokensPerSecond: 80 }]
    await writeFile(file, JSON.stringify({ results: [{ name: 'throughput', raw: { runs } }] }))
    expect(await speedOfFile(file)).toEqual({ promptSeconds: 0, outputSeconds: 1 / 80 })
  })

  it('is named with what is wrong with it', async () => {
    const file = join(dir, 'wrong.json')
    await writeFile(file, '{}')
    await expect(speedOfFile(file)).rejects.toMatchObject({
      code: 'bad_throughput',
      message: expect.stringMatching(/wrong\.json: /),
    })
  })
})
