import { expect, test } from 'vitest'
import { createReplayGuard } from '../../../../inference-host/admission/replay.ts'

const codeOf = (act: () => void) => {
  try {
    act()
    return 'accepted'
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('an id is refused for as long as its token is valid, then forgotten', () => {
  let seconds = 100
  const guard = createReplayGuard(10, () => seconds * 1000)
  guard.use('a', 160)
  expect(codeOf(() => guard.use('a', 160))).toBe('service_token_replayed')
  seconds = 159
  expect(codeOf(() => guard.use('b', 200))).toBe('accepted')
  expect(codeOf(() => guard.use('a', 160))).toBe('service_token_replayed')
  seconds = 160
  expect(codeOf(() => guard.use('a', 220))).toBe('accepted')
})

test('when full it refuses rather than forgets, until one expires', () => {
  let seconds = 100
  const guard = createReplayGuard(2, () => seconds * 1000)
  guard.use('a', 130)
  guard.use('b', 160)
  expect(codeOf(() => guard.use('c', 160))).toBe('host_busy')
  expect(codeOf(() => guard.use('a', 130))).toBe('service_token_replayed')
  seconds = 130
  expect(codeOf(() => guard.use('c', 190))).toBe('accepted')
  expect(codeOf(() => guard.use('d', 190))).toBe('host_busy')
})
