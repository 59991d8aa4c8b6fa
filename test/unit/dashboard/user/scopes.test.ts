import { expect, it } from 'vitest'
import { scopesFor } from '../../../../dashboard/user/scopes.ts'
import { SCOPES } from '../../../../edge/access/scopes.ts'
import { TASKS } from '../../../../shared/catalog.ts'

it('offers the scopes that the edge has, but for that of administrators', () => {
  expect(scopesFor([{ tasks: TASKS }]).toSorted()).toEqual(
    SCOPES.filter((scope) => scope !== 'admin' && scope !== 'metrics').toSorted(),
  )
})

it('offers none of a model that the plan does not have', () => {
  expect(scopesFor([{ tasks: ['chat', 'completion'] }])).toEqual(['chat', 'jobs', 'versions', 'keys'])
})
