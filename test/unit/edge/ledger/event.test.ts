import { describe, expect, it } from 'vitest'
import { usageEventOf } from '../../../../edge/ledger/event.ts'

const FIELDS = {
  request_id: 'r1',
  kind: 'correction',
  account: 'ada',
  model: 'tiny-chat',
  task: 'chat',
  plan: 'free',
  prompt_tokens: '3',
  output_tokens: '5',
  compute_ms: '0',
  units: '-77',
  reserved_units: '9007199254740991',
  reported_units: '23',
  outcome: 'ok',
  reserved_at: '1795258770000',
  at: '1795258770900',
}

describe('a usage event', () => {
  it('comes from a stream entry with its numbers and its account', () => {
    const { account, ...rest } = FIELDS
    expect(usageEventOf(FIELDS)).toEqual({
      ...rest,
      account_id: account,
      prompt_tokens: 3,
      output_tokens: 5,
      compute_ms: 0,
      key_id: null,
      model_version: null,
      charged_month: '2026-11',
      extra_units: 0,
      units: -77,
      reserved_units: 9007199254740991,
      reported_units: 23,
      reserved_at: 1795258770000,
      at: 1795258770900,
    })
  })

  it.each(Object.keys(FIELDS))('is none without %s', (name) => {
    expect(usageEventOf({ ...FIELDS, [name]: '' })).toEqual({ wrong: name })
    const { [name as 'at']: _, ...others } = FIELDS
    expect(usageEventOf(others)).toEqual({ wrong: name })
  })

  it.each(['1.5', '1e3', ' 1', '0x10', 'NaN', '9007199254740992', '-', '1-'])(
    'counts no %j units',
    (units) => {
      expect(usageEventOf({ ...FIELDS, units })).toEqual({ wrong: 'units' })
    },
  )

  it('takes what came later to the stream where it is there', () => {
    const later = { key: 'k1', month: '2026-11-14', extra_units: '-7', version: 'v2' }
    expect(usageEventOf({ ...FIELDS, ...later })).toMatchObject({
      key_id: 'k1',
      model_version: 'v2',
      charged_month: '2026-11-14',
      extra_units: -7,
    })
    expect(usageEventOf({ ...FIELDS, month: 'November' })).toEqual({ wrong: 'month' })
  })

  it('leaves out fields that the ledger does not know', () => {
    const event = usageEventOf(FIELDS)
    expect(event).not.toHaveProperty('wrong')
    expect(usageEventOf({ ...FIELDS, prompt: 'secret' })).toEqual(event)
  })
})
