import { deleteApp, initializeApp } from 'firebase/app'
import {
  connectAuthEmulator,
  createUserWithEmailAndPassword,
  getAuth,
  signInAnonymously,
  signInWithEmailAndPassword,
  signOut,
} from 'firebase/auth'
import OpenAI from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import { readError, twohopFetch } from '../../client/index.ts'
import { CHAT, stack } from '../fixtures/stack/client.ts'
import { QUESTION } from './asked.ts'

const { projectId, url } = stack.issuers.firebase
const app = initializeApp({ projectId, apiKey: 'any' })
const auth = getAuth(app)
connectAuthEmulator(auth, new URL(url).origin, { disableWarnings: true })
afterAll(() => deleteApp(app))

const password = 'a long enough password'
/** Signs somebody up whom nobody has seen before, so that a second try of a test meets nothing of the first. */
async function signUp() {
  const email = `${crypto.randomUUID()}@example.com`
  return { email, user: (await createUserWithEmailAndPassword(auth, email, password)).user }
}
const client = new OpenAI({
  baseURL: `${stack.edge.url}/v1`,
  apiKey: 'unused',
  maxRetries: 0,
  fetch: twohopFetch(({ forceRefresh }) => auth.currentUser?.getIdToken(forceRefresh), {
    edge: stack.edge.url,
  }),
})

describe('firebase', () => {
  it('createUserWithEmailAndPassword and signInWithEmailAndPassword', async () => {
    const { email, user } = await signUp()
    await signOut(auth)
    expect(auth.currentUser).toBeNull()
    expect((await signInWithEmailAndPassword(auth, email, password)).user.uid).toBe(user.uid)
    await expect(signInWithEmailAndPassword(auth, email, 'another')).rejects.toMatchObject({
      code: expect.stringMatching(/^auth\/(invalid-credential|wrong-password|invalid-login-credentials)$/),
    })
  })

  it('getIdToken, and a call with it', async () => {
    const { email, user } = await signUp()
    const { token, claims } = await user.getIdTokenResult()
    expect(claims).toMatchObject({ aud: projectId, sub: user.uid, email })
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const body = JSON.stringify({
      model: CHAT,
      messages: [{ role: 'user', content: QUESTION }],
      max_tokens: 4,
    })
    const answer = await fetch(`${stack.edge.url}/v1/chat/completions`, { method: 'POST', headers, body })
    expect(await answer.json()).toMatchObject({ usage: { completion_tokens: 4 } })
  })

  it('refresh', async () => {
    const { user } = await signUp()
    const before = await user.getIdTokenResult()
    const after = await user.getIdTokenResult(true)
    expect(after.claims.sub).toBe(before.claims.sub)
    expect(Date.parse(after.expirationTime)).toBeGreaterThanOrEqual(Date.parse(before.expirationTime))
    expect((await client.models.list()).data.map(({ id }) => id)).toContain(CHAT)
  })

  it('its user under openai, by twohopFetch', async () => {
    await signUp()
    const messages = [{ role: 'user' as const, content: QUESTION }]
    const answer = await client.chat.completions.create({ model: CHAT, messages, max_tokens: 4 })
    expect(answer.usage?.completion_tokens).toBe(4)
    await signOut(auth)
    const refused = await client.models.list().catch((error: unknown) => error)
    expect(await readError(refused)).toMatchObject({ code: 'token_missing', status: 401 })
  })

  it('signInAnonymously, which the edge refuses unless it is told otherwise', async () => {
    await signInAnonymously(auth)
    const refused = await client.models.list().catch((error: unknown) => error)
    expect(await readError(refused)).toMatchObject({ code: 'anonymous_not_allowed', status: 403 })
  })
})
