import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROUTE_NAMES } from '../../../edge/routes/table.ts'
import { ROOT, readPages } from '../../fixtures/pages.ts'

/** The routes that a source adds: `GET /livez`. */
function routesIn(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const added = text
    .replaceAll(/\{[^}']*\}'/g, "'")
    .matchAll(/\b(?:app|routes)\.(get|post|delete|put|patch)\('([^']+)'/g)
  return [...added].map(([, method = '', path]) => `${method.toUpperCase()} ${path}`)
}

const edge = ROUTE_NAMES.map((name) => name.replaceAll(/\{[^}]*\}/g, ''))
const host = [...routesIn('inference-host/server/app.ts'), ...routesIn('inference-host/server/routes.ts')]

const named = readPages().flatMap(({ path, prose }) =>
  [...prose.matchAll(/`((?:GET|POST|DELETE|PUT|PATCH) \/[^`\s?]+)[^`]*`/g)].map(([, route = '']) => ({
    path,
    route,
  })),
)

it('each route of the edge is on a page', () => {
  expect(edge.length).toBeGreaterThan(20)
  const told = new Set(named.map(({ route }) => route))
  expect(edge.filter((route) => !told.has(route))).toEqual([])
})

it('each route that a page names is there', () => {
  const there = new Set([...edge, ...host])
  const strays = named.filter(({ route }) => !there.has(route) && !isOthers(route))
  expect(strays.map(({ path, route }) => `${path}: ${route}`)).toEqual([])
})

/** The prefix of all tasks, and routes of others. */
function isOthers(route: string): boolean {
  return !/ \/(v1|healthz|openapi|docs|livez|readyz|metrics)\b/.test(route)
}
