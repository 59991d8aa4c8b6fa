import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import type { ErrorEnvelope } from '../../../shared/errors.ts'
import { addRow } from '../table.ts'
import { BODIES, CLAIMS, STRANGERS } from './attacks.ts'
import { HELLO, hostWorld, ROUTE, type World } from './world.ts'

const KINDS = {
  'the host, by strangers': STRANGERS,
  "the host, under the edge's key": CLAIMS,
  'the host, by bodies': BODIES,
}

let world: World
let ran = 0
/** Good tokens that the last test has sent: one each time that it is tried. */
let good = 0

/** Requests for which the host has given a model work. It prints a line when one ends. */
const runs = () => readFileSync(join(inject('stackDir'), 'stack.log'), 'utf8').split('host run ').length - 1

beforeAll(async () => {
  world = await hostWorld()
  ran = runs()
})

describe.each(Object.entries(KINDS))('%s', (kind, attacks) => {
  it.each(attacks)('$what: $status $code', async ({ what, send, status, code }) => {
    const answer = await world.ask(await send(world))
    const { error } = (await answer.json()) as ErrorEnvelope
    const seen = `${answer.status} ${error.code}`
    const stated = `${status} ${code}`
    await addRow({ kind, what, seen, units: 0, host: 0, held: isDeepStrictEqual(seen, stated) })
    expect(seen).toBe(stated)
    expect(error.message).not.toMatch(/at \w+ \(|node_modules|\/inference-host\//)
  })
})

// Of all that was refused, only the prompt that was counted first was given to a model.
it('the host still takes a good token, and has given a model nothing else', async () => {
  const authorization = await world.covering(ROUTE, HELLO)
  good += 1
  const answer = await world.ask({ authorization })
  expect(answer.status).toBe(200)
  await answer.text()
  await expect.poll(runs).toBeGreaterThan(ran)
  expect(runs() - ran).toBeLessThanOrEqual(1 + good)
})
