import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aloneWrite } from '../../inference-host/decoding/writing/generate.ts'
import { readTokenBytes } from '../../inference-host/decoding/writing/token-bytes.ts'
import { writeOn } from '../../inference-host/decoding/writing/write-on.ts'
import { type Loaded, loadModel } from '../../inference-host/device/load.ts'
import type { Work } from '../../inference-host/work/work.ts'
import { embeddedModel } from '../fixtures/models.ts'

const { folder } = embeddedModel('twohop-chat')
const REQUEST = {
  folder,
  task: 'text-generation',
  device: 'cpu',
  dtype: 'q8',
  context: undefined,
  threads: 1,
} as const

const STORY: Extract<Work, { kind: 'complete' }> = {
  kind: 'complete',
  prompt: 'What is',
  sampling: { temperature: 2, topP: undefined, seed: 1, stop: [] },
  limits: { promptTokens: 100, outputTokens: 200 },
}

describe('stopping a generation', () => {
  let loaded: Loaded
  beforeAll(async () => {
    loaded = await loadModel(REQUEST)
  })
  afterAll(() => loaded?.model.dispose())

  /** Raises the flag once `enough` tokens are there, outside of any step; gives the tokens then and at the end. */
  async function stopAt(enough: number) {
    const flag = new Int32Array(new SharedArrayBuffer(4))
    const counts = { promptTokens: 0, outputTokens: 0, readMs: 0 }
    let atFlag = -1
    let over = false
    const raise = () => {
      if (over) return
      if (counts.outputTokens < enough) return void setImmediate(raise)
      Atomics.store(flag, 0, 1)
      atFlag = counts.outputTokens
    }
    raise()
    const tokens = await readTokenBytes(folder, loaded, 0)
    const output = await writeOn({ loaded, tokens, write: aloneWrite(loaded), together: false }, STORY, {
      counts,
      stopped: () => Atomics.load(flag, 0) !== 0,
      report: () => {},
      newSeed: () => 1,
    })
    over = true
    return { output, atFlag, atEnd: counts.outputTokens }
  }

  test('at most one further token is computed once the flag is up', async () => {
    for (const enough of [1, 2, 3, 5, 8]) {
      const { output, atFlag, atEnd } = await stopAt(enough)
      expect(output).toBeUndefined()
      expect(atFlag).toBeGreaterThanOrEqual(enough)
      expect(atEnd - atFlag).toBeLessThanOrEqual(1)
    }
  })

  test('with the flag up before the start nothing is computed', async () => {
    expect(await stopAt(0)).toEqual({ output: undefined, atFlag: 0, atEnd: 0 })
  })
})
