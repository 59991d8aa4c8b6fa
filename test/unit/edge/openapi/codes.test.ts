import { expect, it } from 'vitest'
import { codesOf } from '../../../../edge/openapi/codes.ts'
import type { Route } from '../../../../edge/routes/table.ts'

const route: Route = { says: '', scope: 'none', answer: 'Health' }
const statuses = (more: Partial<Route>, method = 'GET') =>
  [...codesOf({ ...route, ...more }, method).keys()].toSorted()

it.each<[Partial<Route>, string, number[]]>([
  [{}, 'GET', [403, 500, 503]],
  [{ body: 'Leaked' }, 'POST', [400, 403, 408, 413, 415, 500, 503]],
  [{ scope: 'any' }, 'GET', [401, 403, 429, 500, 503]],
  [{ scope: 'any', query: 'Page' }, 'GET', [400, 401, 403, 429, 500, 503]],
  [{ scope: 'keys', body: 'NewKey' }, 'POST', [400, 401, 403, 408, 409, 413, 415, 429, 500, 503]],
])('%o %s', (more, method, expected) => {
  expect(statuses(more, method)).toEqual(expected)
})

it('a scope can be missing where one is needed, and a task where the path names one', () => {
  const of = (more: Partial<Route>, status: number) => codesOf({ ...route, ...more }, 'GET').get(status) ?? []
  expect(of({ scope: 'any' }, 403)).not.toContain('scope_missing')
  expect(of({ scope: 'chat' }, 403)).toContain('scope_missing')
  expect(of({ tasks: true }, 404)).toEqual(['task_not_found'])
  expect(of({ codes: ['not_found'] }, 404)).toEqual(['not_found'])
})
