import { expect, it } from 'vitest'
import { SCOPES } from '../../../../edge/access/scopes.ts'
import { ROUTE_NAMES, ROUTES, type Route } from '../../../../edge/routes/table.ts'

it('names the scopes that there are', () => {
  const scopes = Object.values<Route>(ROUTES).map(({ scope }) => scope)
  const known = [...SCOPES, 'any', 'none', 'tasks:<task>']
  expect(scopes.filter((scope) => !known.includes(scope))).toEqual([])
})

it('says what each route is for, in a sentence, and names no path twice', () => {
  for (const { says } of Object.values<Route>(ROUTES)) expect(says).toMatch(/^[A-Z].*\.$/)
  const paths = ROUTE_NAMES.map((name) => name.replaceAll(/:\w+/g, ':'))
  expect(new Set(paths).size).toBe(ROUTE_NAMES.length)
})
