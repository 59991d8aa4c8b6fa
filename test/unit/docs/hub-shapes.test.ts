import { expect, test } from 'vitest'
import { VARIABLES } from '../../../inference-host/config.ts'
import { servedContext } from '../../../inference-host/decoding/batching/served-context.ts'
import { bytesPerToken } from '../../../inference-host/decoding/batching/shape.ts'
import { memoryBudget } from '../../../inference-host/residency/budget.ts'
import { mebibytes } from '../../../inference-host/residency/bytes.ts'
import { FORMS, HUB_SHAPES, type HubShape, mostApart } from '../../fixtures/hub-shapes.ts'
import { readPages } from '../../fixtures/pages.ts'

const MIB = 2 ** 20
/** A host of 8 GiB whose variables are the defaults. */
const MEMORY = 8192 * MIB
const page = readPages().find(({ path }) => path === 'docs/engine.md')?.text ?? ''

async function rowOf({ model, context, attention, ...sizes }: HubShape): Promise<string[]> {
  const shape = { ...sizes, kvType: 'float32' } as const
  const { host } = await memoryBudget(
    { HOST_MEMORY_MB: 0, HOST_DEVICE_MEMORY_MB: 0 },
    { total: () => MEMORY, constrained: () => 0, device: async () => 0 },
  )
  const most = Number(VARIABLES.HOST_KV_MB.fallback) * MIB
  const found = servedContext(shape, { context, isGiven: false, most, part: Math.floor(host / 4) })
  const kib = Math.round(bytesPerToken(shape) / 1024)
  const asIs = attention === 'sliding window' ? 'with the operator' : 'yes'
  const batched = 'needs' in found ? `\`HOST_KV_MB\` of ${mebibytes(found.needs)}` : asIs
  const served = 'memoryBytes' in found ? found.context : context
  const { layers, kvHeads, headDim } = sizes
  const apart = mostApart(attention)
  const equal = apart === 0 ? 'to the bit' : `within ${apart.toFixed(5)}`
  return [model, `${layers} x ${kvHeads} x ${headDim}`, `${kib}`, `${context}`, `${served}`, batched, equal]
}

test('the page says which of twenty decoders of the hub a default host of 8 GiB batches, with which context, and how equal', async () => {
  const rows = await Promise.all(HUB_SHAPES.map(rowOf))
  expect(rows).toHaveLength(20)
  const listed = page
    .split('\n')
    .filter((line) => /^\| [\w-]+\/[\w.-]+ +\|/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  expect(listed).toEqual(rows)
  // Each is batched, or what stands there would make it so.
  expect(rows.filter((row) => row[5] === 'yes').length).toBeGreaterThanOrEqual(16)
  expect(page.replaceAll('\n', ' ')).toContain(
    `These twenty have ${FORMS.size} forms of attention between them`,
  )
})
