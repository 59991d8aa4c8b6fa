import { expect, test } from 'vitest'
import { wideColumns } from '../../../../../inference-host/decoding/serving-form/wide-cache.ts'

const shape = (kvHeads: number, headDim: number, layers: number) =>
  ({ kvHeads, headDim, layers, kvType: 'float32' }) as const

test.each([
  ['a context, in whole strides', shape(4, 64, 22), 2000, 2048],
  ['no more than twice the largest window', shape(4, 64, 22), 131_072, 8192],
  ['where no context is named', shape(4, 64, 22), undefined, 8192],
  // 1 MiB a token.
  ['no more than a GiB', shape(32, 128, 32), 4096, 1024],
])('%s', (_, of, context, columns) => expect(wideColumns(of, context)).toBe(columns))
