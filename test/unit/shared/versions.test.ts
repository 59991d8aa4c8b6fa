import { expect, it } from 'vitest'
import { Catalog } from '../../../shared/catalog.ts'
import { catalog } from '../../fixtures/catalog.ts'

const UPSTREAMS = [{ id: 'host-a', kind: 'own', url: 'http://10.0.0.7:8080' }]

/** What is wrong with a catalog whose first model says this: path and words. */
function complaints(model: object): string[] {
  const models = [{ ...catalog.models[0], ...model }, ...catalog.models.slice(1)]
  const { error } = Catalog.safeParse({ ...catalog, models, upstreams: UPSTREAMS })
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
}

it('takes versions on the host, under another name there, and on upstreams', () => {
  const versions = [
    { id: '2026-11' },
    { id: 'v2.1', weight: 0, model: 'chat-next' },
    { id: 'spread', upstreams: [{ id: 'host-a' }], fallback: [{ id: 'host' }] },
  ]
  expect(complaints({ versions })).toEqual([])
})

it.each([
  ['two of one name', { versions: [{ id: 'a' }, { id: 'a' }] }, 'versions: two versions share an id'],
  ['versions that nobody gets', { versions: [{ id: 'a', weight: 0 }] }, 'versions: all have the weight 0'],
  [
    'upstreams of the model beside versions',
    { versions: [{ id: 'a' }], upstreams: [{ id: 'host' }] },
    'upstreams: are named by each version, where there are versions',
  ],
  [
    'a name on the host beside upstreams',
    { versions: [{ id: 'a', model: 'b', upstreams: [{ id: 'host-a' }] }] },
    'versions.0.model: is for a version without upstreams; these have names of their own',
  ],
  [
    'an upstream that is not there',
    { versions: [{ id: 'a', upstreams: [{ id: 'host-b' }] }] },
    'versions.0.upstreams.0.id: names no upstream that there is',
  ],
  [
    'a fallback alone',
    { versions: [{ id: 'a', fallback: [{ id: 'host' }] }] },
    'versions.0.fallback: is for a model with upstreams',
  ],
])('refuses %s', (_, model, complaint) => {
  expect(complaints(model)).toEqual([`models.0.${complaint}`])
})

it.each(['', 'a b', '-a', 'a\n', 'é', 'a'.repeat(65)])('refuses the name %j', (id) => {
  expect(complaints({ versions: [{ id }] })[0]).toMatch(/^models\.0\.versions\.0\.id: must be letters/)
})
