import { expect, it } from 'vitest'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { NotConfigured } from '../../../../edge/runtime/not-configured.ts'
import { EDGE_VARIABLES_SET } from '../../../fixtures/edge-variables.ts'

/** What the configuration complains of when these are changed. */
function complaints(changed: Record<string, string | undefined>) {
  try {
    edgeConfig({ ...EDGE_VARIABLES_SET, ...changed })
  } catch (error) {
    if (error instanceof NotConfigured) return error.complaints
  }
  return expect.fail('it is configured')
}

it.each([
  [{ HOST_URL: undefined }, 'missing', 'HOST_URL', ''],
  // A value that says it is missing is there.
  [{ HOST_URL: 'is missing: put one there' }, 'wrong', 'HOST_URL', ''],
  [{ WEBHOOK_URL: 'https://hook.example' }, 'wrong', 'WEBHOOK_URL', ''],
  [{ FIREBASE_PROJECT_IDS: '' }, 'wrong', 'FIREBASE_PROJECT_IDS', ''],
  [
    { CLAIM_NAMES: '{"firebase:my-project":{"email_verified":"x"}}' },
    'wrong',
    'CLAIM_NAMES',
    '.firebase:my-project.email_verified',
  ],
] as const)('%o is %s: %s', (changed, code, variable, within) => {
  const [complaint, ...more] = complaints(changed)
  expect(complaint).toMatchObject({ code, variable, within })
  expect(more).toEqual([])
  expect(`${complaint}`).toBe(`${variable}${within}: ${complaint?.rule}`)
  expect(complaint?.under('--option')).toBe(`--option${within}: ${complaint?.rule}`)
})
