import { isDeepStrictEqual } from 'node:util'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { call, eventually, redis, refusal } from '../../fixtures/stack/client.ts'
import { addRow } from '../table.ts'
import { FIELDS, NO_JSON, STRUCTURES } from './bodies.ts'
import { CREDENTIALS } from './credentials.ts'
import { HEADERS, ORIGINS, PATHS } from './requests.ts'
import { ADMINISTRATION, BEYOND, OTHERS } from './rights.ts'
import { FORGED, NOT_ACTIVE, NOT_FOR_HERE } from './tokens.ts'
import { type Attack, attackedWorld, CHAT_PATH, HELLO, type World } from './world.ts'

const KINDS: Readonly<Record<string, readonly Attack[]>> = {
  'forged tokens': FORGED,
  'tokens not for here': NOT_FOR_HERE,
  'who is not let in': NOT_ACTIVE,
  'other credentials': CREDENTIALS,
  administration: ADMINISTRATION,
  'beyond what is allowed': BEYOND,
  "what is somebody else's": OTHERS,
  'what is no JSON': NO_JSON,
  fields: FIELDS,
  structures: STRUCTURES,
  origins: ORIGINS,
  'paths and methods': PATHS,
  'headers and sizes': HEADERS,
}

let world: World
beforeAll(async () => {
  world = await attackedWorld()
})

/** Units of all accounts that are used or held, and requests that came to the host. */
async function moved() {
  const names = await redis<string[]>('KEYS', 'twohop:budget:*:month:*')
  const counters = await Promise.all(
    names.map((name) => redis<(string | null)[]>('HMGET', name, 'used', 'held')),
  )
  const count = await (await fetch(`${inject('door')}/count`)).text()
  return {
    units: counters.flat().reduce((sum, units) => sum + Number(units ?? 0), 0),
    host: Number(count),
  }
}

describe.each(Object.entries(KINDS))('%s', (kind, attacks) => {
  it.each(attacks)('$what: $status $code', async ({ what, send, status, code, host = 0 }) => {
    const { path = CHAT_PATH, ...asked } = await send(world)
    const before = await moved()
    const chat = path === CHAT_PATH && !('body' in asked)
    const answer = await call(path, { edge: inject('countedEdge'), ...(chat && { body: HELLO }), ...asked })
    const text = await answer.clone().text()
    const found = await refusal(answer)
    // What the host refused is given back off the way of the answer.
    if (host > 0)
      await eventually(async () => ((await redis<number>('ZCARD', 'twohop:open')) === 0 ? true : undefined))
    const after = await moved()
    const stated = { seen: `${status} ${code}`, units: 0, host }
    const became = {
      seen: `${found.status} ${found.code}`,
      units: after.units - before.units,
      host: after.host - before.host,
    }
    await addRow({ kind, what, ...became, held: isDeepStrictEqual(became, stated) })
    expect(became).toEqual(stated)
    // Nothing of a credential comes back.
    const { token = '' } = asked
    for (const part of token.split('.')) if (part.length > 20) expect(text.includes(part)).toBe(false)
  })
})
