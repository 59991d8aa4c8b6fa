import * as z from 'zod'
import { ofEntry } from '../../shared/listed.ts'
import { ROUTE_NAMES, ROUTES, type Route, type RouteName } from './table.ts'

/** The routes that App Check can guard: those where a model works, if only to count. */
const GUARDABLE: readonly RouteName[] = ROUTE_NAMES.filter((name) => {
  const route: Route = ROUTES[name]
  return route.computes || name === 'POST /v1/messages/count_tokens'
})

const pathOf = (name: string) => name.slice(name.indexOf(' ') + 1)

/** `APP_CHECK`, `APP_CHECK_CONSUME`: `off`, `required` for every route where a model works, or the paths of some. */
export const CheckedRoutes = z.string().transform((text, context): ReadonlySet<string> => {
  if (text === 'off') return new Set()
  if (text === 'required') return new Set(GUARDABLE)
  const paths = text.split(',').map((path) => path.trim())
  const routes = paths.map((path) => GUARDABLE.find((name) => pathOf(name) === path))
  const rule = `is neither off nor required, nor a path where a model works: ${GUARDABLE.map(pathOf).join(', ')}`
  for (const [i, route] of routes.entries())
    if (route === undefined) context.addIssue(ofEntry(i, paths.length, rule))
  return new Set(routes.filter((name) => name !== undefined))
})
