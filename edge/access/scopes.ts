import { scopeOf, TASKS } from '../../shared/catalog.ts'

/**
 * Every scope that a credential can have: one for each task, `jobs`, `versions` (to ask for a model's version by name), `keys`
 * (API keys), `admin` and `metrics`.
 */
export const SCOPES: readonly string[] = [
  ...new Set(TASKS.map(scopeOf)),
  'jobs',
  'versions',
  'keys',
  'admin',
  'metrics',
]

/**
 * The scopes that a user has by plan and roles. `keys` comes with the role developer or admin, or with a plan that has
 * it. `admin` and `metrics` come with the role admin alone: no plan can sell them.
 * @param narrowed the token's own list of scopes, if it has one
 */
export function scopesOf(
  plan: readonly string[],
  roles: readonly string[],
  narrowed: readonly string[] | undefined,
): ReadonlySet<string> {
  const admin = roles.includes('admin')
  const held = new Set(plan)
  if (admin || roles.includes('developer')) held.add('keys')
  for (const scope of ['admin', 'metrics'])
    if (admin) held.add(scope)
    else held.delete(scope)
  return narrowed ? held.intersection(new Set(narrowed)) : held
}
