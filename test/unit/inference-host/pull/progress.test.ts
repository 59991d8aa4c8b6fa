import { describe, expect, test } from 'vitest'
import { progressReporter } from '../../../../inference-host/pull/progress.ts'

const MODEL = { model: 'chat', file: 'onnx/model_q4.onnx', bytes: 100_000_000 }

function reporter(isTTY: boolean, columns = 120) {
  const written: string[] = []
  let clock = 0
  const output = { write: (text: string) => written.push(text), isTTY, columns }
  const { report, end } = progressReporter(output, () => clock)
  return {
    written,
    end,
    at: (ms: number, received: number, done = false) => {
      clock = ms
      report({ ...MODEL, received, done })
    },
  }
}

describe('progressReporter', () => {
  test('elsewhere than on a terminal writes one plain line a file', () => {
    const { at, end, written } = reporter(false)
    at(0, 10_000_000)
    at(500, 50_000_000)
    at(900, 100_000_000, true)
    end()
    expect(written).toEqual(['chat: onnx/model_q4.onnx 100.0 MB\n'])
  })

  test('on a terminal redraws one bar, at most ten times a second, and leaves a clean line', () => {
    const { at, end, written } = reporter(true)
    at(0, 0)
    at(50, 10_000_000)
    at(100, 50_000_000)
    expect(written).toEqual([
      `\r\x1b[K[${'.'.repeat(24)}]   0 % 0.0 kB of 100.0 MB  chat: onnx/model_q4.onnx`,
      `\r\x1b[K[${'#'.repeat(12)}${'.'.repeat(12)}]  50 % 50.0 MB of 100.0 MB  chat: onnx/model_q4.onnx`,
    ])
    end()
    expect(written.at(-1)).toBe('\r\x1b[K')
  })

  test('never fills the last column, where a terminal would wrap', () => {
    const { at, written } = reporter(true, 30)
    at(0, 50_000_000)
    expect(written[0]?.slice('\r\x1b[K'.length)).toHaveLength(29)
  })
})
