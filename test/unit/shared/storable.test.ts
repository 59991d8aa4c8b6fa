import { describe, expect, it } from 'vitest'
import catalog from '../../../shared/catalog.json' with { type: 'json' }
import { Catalog } from '../../../shared/catalog.ts'
import { STORABLE } from '../../../shared/storable.ts'

const UNSTORABLE = ['\0', 'a\0b', '\ud83d', 'a\udd11', '\udd11\ud83d']

describe('a text that the stores keep', () => {
  it.each(UNSTORABLE)('is not %j', (text) => expect(STORABLE.test(text)).toBe(false))

  it.each(['', ' ', 'a\nb', '\x01\x7f', 'Zo\u00eb', '\u{1f511}', '\ufffd\uffff'])('is %j', (text) =>
    expect(STORABLE.test(text)).toBe(true),
  )
})

it.each(UNSTORABLE)(
  'no model and no plan has the name %j, which the ledger would refuse with each charge',
  (id) => {
    const [model, plan] = [catalog.models[0], catalog.plans[0]]
    for (const changed of [
      { ...catalog, models: [...catalog.models, { ...model, id }] },
      { ...catalog, plans: [...catalog.plans, { ...plan, id }] },
    ])
      expect(Catalog.safeParse(changed).error?.issues[0]).toMatchObject({
        message: 'must be without NUL and without half of a surrogate pair',
        path: [expect.any(String), expect.any(Number), 'id'],
      })
  },
)
