import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { twohopFetch } from '../../client/fetch.ts'
import { createMint } from '../../local/issuer/mint.ts'
import { ask, call, keys, mint, refusal, stack } from '../fixtures/stack/client.ts'

// A token that is used oddly, on the running stack: the worker, Redis, and the package that apps use.

/** The edge compares whole seconds, so the first token is a minute old. */
const aMinuteAgo = createMint({
  keys,
  projectId: stack.issuers.firebase.projectId,
  supabaseUrl: stack.issuers.supabase.url,
  ttlSeconds: 3600,
  now: () => Date.now() - 60_000,
})
const body = ask('What is Twohop?', { max_tokens: 1 })
const chat = (token: string) => call('/v1/chat/completions', { token, body })

it('meets a challenge, spends and makes nothing any more, and its owner’s app goes on by itself', async () => {
  const user = {
    uid: `odd-${randomUUID()}`,
    email: 'odd@example.com',
    customClaims: { twohop: { plan: 'watched', role: 'developer' } },
  }
  const stolen = await aMinuteAgo.mintFirebase(user)
  const statuses: number[] = []
  for (let i = 0; i < 30 && statuses.at(-1) !== 403; i++) {
    const answer = await chat(stolen)
    statuses.push(answer.status)
    if (answer.status === 403) expect((await refusal(answer)).code).toBe('challenge_required')
    else await answer.text()
  }
  expect(statuses.at(-1)).toBe(403)
  // A share is made of ten answers.
  expect(statuses.length).toBeGreaterThan(10)

  const key = { name: 'for later', scopes: ['chat'] }
  for (const [path, sent] of [
    ['/v1/chat/completions', body],
    ['/v1/messages', { ...body, max_tokens: 1 }],
    ['/v1/jobs', { endpoint: '/v1/chat/completions', inputs: [body] }],
    ['/v1/keys', key],
  ] as const) {
    const answer = await call(path, { token: stolen, body: sent })
    expect([path, answer.status]).toEqual([path, 403])
    if (path === '/v1/messages') expect(await answer.text()).toContain('unusual')
    else expect(await refusal(answer)).toMatchObject({ code: 'challenge_required' })
  }
  expect((await call('/v1/usage', { token: stolen })).status).toBe(200)

  // The app of the owner, who is signed in and still has the old token.
  const asked: boolean[] = []
  const own = twohopFetch(
    ({ forceRefresh }) => {
      asked.push(forceRefresh)
      return forceRefresh ? mint.mintFirebase(user) : stolen
    },
    { edge: stack.edge.url, attempts: 1 },
  )
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await own(`${stack.edge.url}/v1/chat/completions`, init)
  expect([answer.status, asked]).toEqual([200, [false, true]])
  await answer.text()
  // A token of after it makes a key; the old one stays refused.
  const fresh = await mint.mintFirebase(user)
  expect((await call('/v1/keys', { token: fresh, body: key })).status).toBe(201)
  expect((await chat(stolen)).status).toBe(403)
})
