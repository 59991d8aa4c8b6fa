import { createLocalJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { hostFindings } from '../../../../cli/doctor/host-findings.ts'
import { serviceKeys } from '../../../../local/service-keys.ts'
import { answering, envelope, NOBODY, withJson } from '../../../fixtures/answering.ts'

const { privateKey, publicKeys } = await serviceKeys()
const verified = async (token = '') =>
  jwtVerify(token.replace('Bearer ', ''), createLocalJWKSet(publicKeys)).then(
    () => true,
    () => false,
  )
const NOW = () => Date.now()
const found = async (url: string, headers?: Record<string, string>) =>
  (await hostFindings({ url, privateKey, headers, now: NOW })).findings

/** A host that says this to what is signed, and to a look at whether it is ready. */
const host = (signed: { status: number; body: unknown }, ready = 200) =>
  answering(async (request, response) => {
    if (request.url === '/readyz')
      return withJson(response, ready, ready === 200 ? {} : envelope('host_not_ready', 'It starts.'))
    if (request.headers.authorization === undefined)
      return withJson(response, 401, envelope('service_token_missing'))
    if (!(await verified(request.headers.authorization)))
      return withJson(response, 401, envelope('service_token_invalid'))
    return withJson(response, signed.status, signed.body)
  })
const TAKEN = { status: 404, body: envelope('not_found') }

describe('the host', () => {
  it('is well on a private address where it refuses strangers and takes what is signed', async () => {
    const findings = await found(await host(TAKEN))
    expect(findings.map(({ check, ok, warns }) => [check, ok, warns])).toEqual([
      ['a stranger at the host', true, undefined],
      ['host', true, undefined],
      ['keys of the second hop', true, undefined],
    ])
  })

  it.each([
    [200, {}],
    [404, {}],
    [400, envelope('invalid_request')],
  ])('is ill where a stranger gets %i', async (status, body) => {
    const open = await answering((_, response) => withJson(response, status, body))
    expect((await found(open))[0]).toMatchObject({ check: 'a stranger at the host', ok: false })
  })

  it.each([401, 403, 302])('is well behind a door that answers a stranger %i', async (status) => {
    const door = await answering(async (request, response) => {
      if (request.headers['x-door'] === undefined) return withJson(response, status, {})
      if (request.url === '/readyz') return withJson(response, 200, {})
      const own = await verified(request.headers.authorization)
      return own
        ? withJson(response, 404, envelope('not_found'))
        : withJson(response, 401, envelope('service_token_invalid'))
    })
    expect((await found(door, { 'x-door': 'open' })).filter(({ ok }) => !ok)).toEqual([])
    // Without what the door asks for, the edge does not get through either.
    expect((await found(door)).filter(({ ok }) => !ok).map(({ check }) => check)).toEqual([
      'host',
      'keys of the second hop',
    ])
  })

  it('is ill while it is not ready, with its own words', async () => {
    expect((await found(await host(TAKEN, 503)))[1]).toMatchObject({ ok: false, detail: 'It starts.' })
  })

  it.each([
    [envelope('service_token_invalid', 'its key is not known here'), /does not know the edge's key/],
    [envelope('service_token_invalid', 'it was issued in the future'), /clock/],
    [envelope('service_token_expired'), /clock/],
    [{}, /could not be tried/],
  ])('is ill where it refuses what is signed with %j', async (body, detail) => {
    expect((await found(await host({ status: 401, body })))[2]).toMatchObject({
      check: 'keys of the second hop',
      ok: false,
      detail: expect.stringMatching(detail),
    })
  })

  it('may be out of reach from here, which is a warning', async () => {
    expect(await found(NOBODY)).toMatchObject([{ check: 'host', ok: true, warns: true }])
  })

  it('is ill where it takes what a stranger has signed, or anything', async () => {
    const open = await answering((request, response) =>
      request.url === '/readyz'
        ? withJson(response, 200, {})
        : withJson(response, 404, envelope('not_found')),
    )
    expect((await found(open)).map(({ check, ok }) => [check, ok])).toEqual([
      ['a stranger at the host', false],
      ['host', true],
      ['keys of the second hop', false],
    ])
  })
})
