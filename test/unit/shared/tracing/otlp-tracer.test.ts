import { expect, it } from 'vitest'
import { otlpTracer } from '../../../../shared/tracing/otlp-tracer.ts'
import { startOtlpReceiver } from '../../../fixtures/otlp-receiver.ts'

it('there is none where no collector is named', async () => {
  const values = { OTEL_SERVICE_NAME: 'a', OTEL_TRACES_SAMPLER_ARG: 1 }
  expect(await otlpTracer(values, { onChange() {} })).toBeUndefined()
})

it('sends to the collector that is named, with its headers and the name of the service', async () => {
  const receiver = await startOtlpReceiver()
  const tracer = await otlpTracer(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/v1/traces`,
      OTEL_EXPORTER_OTLP_HEADERS: { 'x-a': 'b' },
      OTEL_SERVICE_NAME: 'a-service',
      OTEL_TRACES_SAMPLER_ARG: 1,
    },
    { onChange() {} },
  )
  tracer?.begin('a', undefined).end()
  await tracer?.close()
  expect(receiver.spans()).toMatchObject([{ service: 'a-service', name: 'a' }])
  expect(receiver.headers[0]).toMatchObject({ 'x-a': 'b' })
  await receiver.stop()
})
