import { expect, it } from 'vitest'
import { atVersion, scopesOfWork } from '../../../../edge/parse/version.ts'
import { catalog, modelOf, planLike, planOf } from '../../../fixtures/catalog.ts'
import { entitledTo, refusal } from '../../../fixtures/entitled.ts'

const work = {
  model: {
    ...modelOf('twohop-chat'),
    versions: [
      { id: 'v1', weight: 1 },
      { id: 'v2', weight: 0 },
    ],
  },
}
const testers = planLike(planOf('free'), 'testers', { scopes: ['chat', 'versions'] })
const models = { ...catalog, plans: [...catalog.plans, testers] }

it('a version is asked for by name, also one that nobody gets', () => {
  expect(atVersion(work, 'v2', entitledTo('testers', models)).version).toBe('v2')
  expect(atVersion(work, undefined, entitledTo('free'))).toBe(work)
})

it('needs the scope versions, of the plan and of the credential, before it says what there is', () => {
  expect(refusal(() => atVersion(work, 'v2', entitledTo('free')))).toEqual(['scope_missing', undefined])
  expect(refusal(() => atVersion(work, 'made up', entitledTo('free')))).toEqual(['scope_missing', undefined])
  const narrowed = entitledTo('testers', models, ['chat'])
  expect(refusal(() => atVersion(work, 'v2', narrowed))).toEqual(['scope_missing', undefined])
})

it.each(['v3', '', 'V1', 'toString'])('refuses the version %j, which the model has not', (asked) => {
  const refused = refusal(() => atVersion(work, asked, entitledTo('testers', models)))
  expect(refused).toEqual(['model_not_found', 'x-model-version'])
})

it('has the store check an API key for that scope', () => {
  expect(scopesOfWork('chat', { version: 'v1' })).toBe('chat versions')
  expect(scopesOfWork('chat', {})).toBe('chat')
})
