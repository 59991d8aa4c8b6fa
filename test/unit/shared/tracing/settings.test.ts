import { describe, expect, it } from 'vitest'
import type * as z from 'zod'
import { OtlpEndpoint, OtlpHeaders, SampleRatio, ServiceName } from '../../../../shared/tracing/settings.ts'

const of = (schema: z.ZodType, text: string) => {
  const { success, data } = schema.safeParse(text)
  return success ? data : 'refused'
}

describe('OTEL_EXPORTER_OTLP_ENDPOINT', () => {
  it('is a base, behind which the path of traces is put', () => {
    for (const base of ['http://127.0.0.1:4318', 'http://127.0.0.1:4318/'])
      expect(of(OtlpEndpoint, base)).toBe('http://127.0.0.1:4318/v1/traces')
    expect(of(OtlpEndpoint, 'https://otlp.example/otlp')).toBe('https://otlp.example/otlp/v1/traces')
    expect(of(OtlpEndpoint, 'http://collector:4318')).toBe('http://collector:4318/v1/traces')
  })

  it('is refused where spans would cross the internet in the clear, and where it could hold a key', () => {
    for (const url of [
      'http://otlp.example',
      'https://a:b@otlp.example',
      'https://otlp.example?key=a',
      'no URL',
    ])
      expect(of(OtlpEndpoint, url), url).toBe('refused')
  })
})

describe('OTEL_EXPORTER_OTLP_HEADERS', () => {
  it('are pairs by comma, with special characters as %XX', () => {
    expect(of(OtlpHeaders, 'x-honeycomb-team=abc, authorization=Basic%20YTpi%3D')).toEqual({
      'x-honeycomb-team': 'abc',
      authorization: 'Basic YTpi=',
    })
    expect(of(OtlpHeaders, 'authorization=Basic YTpi==')).toEqual({ authorization: 'Basic YTpi==' })
  })

  it('are refused with one rule that shows none of them', () => {
    for (const text of ['secret', 'a=', '=secret', 'a=%0d%0ab: secret', 'a=%zz', 'a b=secret', 'a=b,'])
      expect(of(OtlpHeaders, text), text).toBe('refused')
    expect(of(OtlpHeaders, Array.from({ length: 21 }, (_, i) => `a${i}=b`).join())).toBe('refused')
    expect(JSON.stringify(OtlpHeaders.safeParse('secret').error?.issues)).not.toContain('secret')
  })
})

describe('OTEL_TRACES_SAMPLER_ARG', () => {
  it('is a part, from none to all', () => {
    for (const [text, ratio] of [
      ['0', 0],
      ['0.05', 0.05],
      ['1', 1],
      ['1.0', 1],
    ] as const)
      expect(of(SampleRatio, text)).toBe(ratio)
    for (const text of ['1.5', '2', '-0.1', '.5', 'all', ''])
      expect(of(SampleRatio, text), text).toBe('refused')
  })
})

it('OTEL_SERVICE_NAME is a name', () => {
  expect(of(ServiceName, 'twohop-edge.eu')).toBe('twohop-edge.eu')
  for (const text of ['', 'a\nb', 'é', 'a'.repeat(101)]) expect(of(ServiceName, text)).toBe('refused')
})
