import { expect, it } from 'vitest'
import { type WorkersTracing, workersTracer } from '../../../../edge/runtime/workers-tracing.ts'
import { NO_SPAN } from '../../../../shared/tracing/port.ts'
import { parseTraceparent } from '../../../../shared/tracing/traceparent.ts'

/** Workers' own tracing as workerd does it, told by each call. */
function native(isTraced: boolean) {
  const told: string[] = []
  let active = 'the request'
  let made = 0
  const names = new Map<object, string>()
  const tracing: WorkersTracing = {
    startSpan(name) {
      told.push(`${name} in ${active}`)
      const spanId = String(++made).padStart(16, '0')
      const span = {
        isTraced,
        spanContext: () => ({ traceId: 'c'.repeat(32), spanId }),
        setAttribute: (key: string, value: unknown) => told.push(`${name}: ${key}=${value}`),
        setStatus: ({ code }: { code: string }) => told.push(`${name}: ${code}`),
        updateName: (to: string) => told.push(`${name}: is ${to}`),
        end: () => void told.push(`${name}: ended`),
      }
      names.set(span, name)
      return span
    },
    withActiveSpan(span, step) {
      const before = active
      active = names.get(span) ?? ''
      try {
        return step()
      } finally {
        active = before
      }
    },
  }
  return { tracer: workersTracer(tracing), told, active: () => active }
}
const PARENT = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true }

it('makes spans of the platform, one within the other, under the names that they have in the end', () => {
  const { tracer, told, active } = native(true)
  const root = tracer.begin('GET', PARENT)
  const step = root.child('auth')
  expect(step.run(active)).toBe('auth')
  expect(active()).toBe('the request')
  step.fail('token_expired')
  step.end()
  root.rename('GET /v1/models')
  expect(told).toEqual([
    'GET in the request',
    `GET: twohop.caller.trace_id=${PARENT.traceId}`,
    'auth in GET',
    'auth: error',
    'auth: error.type=token_expired',
    'auth: ended',
    'GET: is GET /v1/models',
  ])
})

it("the host goes on with the platform's trace, where that is kept", () => {
  const { tracer } = native(true)
  expect(tracer.begin('GET', PARENT).child('chat').traceparent).toBe(
    `00-${'c'.repeat(32)}-${'2'.padStart(16, '0')}-01`,
  )
})

it("with the caller's where it is not, and else with one that nobody keeps", () => {
  const { tracer, told } = native(false)
  const theirs = tracer.begin('GET', PARENT)
  expect(theirs.child('chat').traceparent).toBe(`00-${PARENT.traceId}-${PARENT.spanId}-01`)
  expect(parseTraceparent(tracer.begin('GET', undefined).traceparent)).toMatchObject({ sampled: false })
  expect(told).toEqual(['GET in the request', 'GET in the request'])
})

it('begins nothing where the platform cannot, and the host then keeps nothing either', () => {
  const fail = (): never => {
    throw new TypeError('tracing.startSpan is not a function')
  }
  const span = { isTraced: true, ...{ setAttribute: fail, setStatus: fail, updateName: fail, end: fail } }
  for (const tracing of [
    { startSpan: fail, withActiveSpan: fail },
    { startSpan: () => ({ ...span, spanContext: fail }), withActiveSpan: fail },
  ]) {
    const { begin } = workersTracer(tracing)
    expect(parseTraceparent(begin('GET', undefined).traceparent)).toMatchObject({ sampled: false })
    expect(
      begin('GET', PARENT)
        .child('auth')
        .run(() => 'done'),
    ).toBe('done')
  }
})

it("throws nothing where the platform does, as for another request's span; what is to be done is done once", () => {
  const { tracer } = native(true)
  const refuse = (): never => {
    throw new Error('Cannot perform I/O on behalf of a different request.')
  }
  const span = workersTracer({
    startSpan: () => ({
      isTraced: true,
      spanContext: () => ({ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) }),
      ...{ setAttribute: refuse, setStatus: refuse, updateName: refuse, end: refuse },
    }),
    withActiveSpan: refuse,
  }).begin('GET', undefined)
  expect(span.child('auth')).toBe(NO_SPAN)
  for (const call of [
    () => span.set('a', 1),
    () => span.fail('internal'),
    () => span.rename('b'),
    () => span.end(),
  ])
    expect(call()).toBeUndefined()
  let times = 0
  expect(span.run(() => ++times)).toBe(1)
  // What a step throws is thrown, and the step is not done again.
  const step = () => {
    times++
    throw new RangeError('no')
  }
  expect(() => tracer.begin('GET', undefined).run(step)).toThrow('no')
  expect(times).toBe(2)
})
