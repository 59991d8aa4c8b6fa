import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createIssuer } from '../../../local/issuer/issuer.ts'
import { signInIssuer } from './issuer.ts'

const PASSWORD = 'correct-horse-battery'
const ANN = { email: 'ann@example.com', password: PASSWORD }
const FIREBASE = '/identitytoolkit.googleapis.com/v1/accounts:'

async function newFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kept-users-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return join(folder, 'users.json')
}

/** Ann signs up on both platforms, somebody without a name on one, and the issuer stops. */
async function signedUpOnce(usersFile: string) {
  const { issuer, call } = await signInIssuer({ usersFile })
  const supabase = await call('/auth/v1/signup', { body: { ...ANN, data: { name: 'Ann' } } })
  const firebase = await call(`${FIREBASE}signUp?key=any`, { body: ANN })
  await call('/auth/v1/signup', { body: {} })
  await issuer.close()
  return { supabase: (supabase.body.user as { id: string }).id, firebase: firebase.body.localId }
}

describe('those who signed up before', () => {
  it('sign in again as the same users, by their own passwords alone', async () => {
    const usersFile = await newFile()
    const before = await signedUpOnce(usersFile)
    const { call } = await signInIssuer({ usersFile })
    const supabase = await call('/auth/v1/token?grant_type=password', { body: ANN })
    const firebase = await call(`${FIREBASE}signInWithPassword?key=any`, { body: ANN })
    expect(supabase.body.user).toMatchObject({ id: before.supabase, user_metadata: { name: 'Ann' } })
    expect(firebase.body).toMatchObject({ localId: before.firebase })
    const wrong = { ...ANN, password: 'another' }
    expect((await call('/auth/v1/token?grant_type=password', { body: wrong })).status).toBe(400)
    expect((await call('/auth/v1/signup', { body: ANN })).status).toBe(422)
  })

  it('are kept as hashes, for the owner of the file alone, and without the nameless', async () => {
    const usersFile = await newFile()
    await signedUpOnce(usersFile)
    const text = await readFile(usersFile, 'utf8')
    expect(text).not.toContain(PASSWORD)
    expect((await stat(usersFile)).mode & 0o777).toBe(0o600)
    const { supabase } = JSON.parse(text) as { supabase: { email: string }[] }
    expect(supabase.map(({ email }) => email)).toContain('ann@example.com')
    expect(supabase.every(({ email }) => email.includes('@'))).toBe(true)
  })

  it("get no plan by what somebody writes into the file, and take nobody's place", async () => {
    const usersFile = await newFile()
    await signedUpOnce(usersFile)
    const kept = JSON.parse(await readFile(usersFile, 'utf8')) as { supabase: { email: string }[] }
    const ann = kept.supabase.find(({ email }) => email === ANN.email)
    const asAdmin = { ...ann, id: 'eve', email: 'admin@example.com', owner: { plan: 'pro' } }
    const supabase = [{ ...ann, owner: { twohop: { plan: 'pro' } } }, asAdmin]
    await writeFile(usersFile, JSON.stringify({ ...kept, supabase }))
    const { call } = await signInIssuer({ usersFile })
    const { body } = await call('/auth/v1/token?grant_type=password', { body: ANN })
    const { app_metadata: metadata } = decodeJwt(String(body.access_token))
    expect(metadata).toMatchObject({ twohop: { email_verified: true } })
    expect(metadata).not.toHaveProperty('twohop.plan')
    const eve = { ...ANN, email: 'admin@example.com' }
    expect((await call('/auth/v1/token?grant_type=password', { body: eve })).status).toBe(400)
  })

  it('are asked to sign up anew where the file is none', async () => {
    const usersFile = await newFile()
    await writeFile(usersFile, '{"supabase": [')
    await expect(createIssuer({ usersFile })).rejects.toThrow(`${usersFile} holds no users: remove it`)
  })
})
