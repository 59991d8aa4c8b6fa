import { expect, it } from 'vitest'
import { OTLP_VARIABLES, tracerOf } from '../../../../edge/runtime/otlp.ts'
import { readVariables } from '../../../../edge/runtime/read-variables.ts'
import { startOtlpReceiver } from '../../../fixtures/otlp-receiver.ts'

const of = (variables: Record<string, string>) => readVariables(OTLP_VARIABLES, variables)

it('there is no tracer where no collector is named', async () => {
  const { values, complaints } = of({})
  expect(complaints).toEqual([])
  expect(await tracerOf(values, () => {})).toBeUndefined()
})

it('a value that does not fit is complained of by its name, and a secret is not shown', () => {
  const { complaints } = of({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otlp.example',
    OTEL_EXPORTER_OTLP_HEADERS: 'c4n4ry',
    OTEL_TRACES_SAMPLER_ARG: '2',
  })
  expect(complaints.map(String)).toEqual([
    'OTEL_EXPORTER_OTLP_ENDPOINT: must begin with https:// (http:// is for loopback and private networks only)',
    expect.stringMatching(/^OTEL_EXPORTER_OTLP_HEADERS: must be at most 20 headers as name=value/),
    'OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1',
  ])
  expect(complaints.join()).not.toContain('c4n4ry')
})

it('a collector that refuses is a line of the log, without its words and without the header', async () => {
  const receiver = await startOtlpReceiver()
  receiver.answer(401)
  const lines: string[] = []
  const { values } = of({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=c4n4ry',
  })
  const tracer = await tracerOf(values, (line) => lines.push(line), true)
  tracer?.begin('a', undefined).end()
  await tracer?.flush?.()
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 'warn', event: 'traces_not_sent' }])
  expect(lines.join()).not.toMatch(/c4n4ry|127\.0\.0\.1/)
  await receiver.stop()
})
