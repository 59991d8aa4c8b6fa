import { randomUUID } from 'node:crypto'
import { createMint } from '../../local/issuer/mint.ts'
import { call, eventually, fromPairs, keys, redis, stack, type UsageEvent } from '../stack/client.ts'
import type { Person } from './person.ts'

export type Platform = 'supabase' | 'firebase'

/** Where each SDK keeps the session of whoever is signed in: expressions that are the token, and that replace it. */
const KEPT = {
  supabase: {
    read: `chrome.storage.local.get('supabase-session').then((kept) => JSON.parse(kept['supabase-session']).access_token)`,
    write: (token: string) => `(async () => {
      const kept = JSON.parse((await chrome.storage.local.get('supabase-session'))['supabase-session'])
      await chrome.storage.local.set({ 'supabase-session': JSON.stringify({ ...kept, access_token: ${JSON.stringify(token)} }) })
    })()`,
  },
  firebase: {
    read: inFirebase(`kept.value.stsTokenManager.accessToken`),
    write: (token: string) =>
      inFirebase(
        `(kept.value.stsTokenManager.accessToken = ${JSON.stringify(token)}, store.put(kept), true)`,
      ),
  },
}

/** What an expression is with what Firebase keeps in IndexedDB as `kept`, in `store`. */
function inFirebase(expression: string): string {
  return `new Promise((resolve, reject) => {
    const opening = indexedDB.open('firebaseLocalStorageDb')
    opening.onerror = reject
    opening.onsuccess = () => {
      const transaction = opening.result.transaction('firebaseLocalStorage', 'readwrite')
      const store = transaction.objectStore('firebaseLocalStorage')
      let found
      store.getAll().onsuccess = ({ target }) => {
        const kept = target.result.find(({ fbase_key }) => fbase_key.startsWith('firebase:authUser:'))
        found = kept && ${expression}
      }
      transaction.oncomplete = () => (opening.result.close(), resolve(found))
    }
  })`
}

/** The token of whoever is signed in. */
export const tokenIn = (panel: Person, platform: Platform) => panel.evaluate<string>(KEPT[platform].read)

export const putToken = (panel: Person, platform: Platform, token: string) =>
  panel.evaluate(KEPT[platform].write(token))

/** The account that a token's user spends from. */
export async function accountOf(token: string): Promise<string> {
  const answer = await call('/v1/usage', { token })
  return ((await answer.json()) as { account: string }).account
}

/** Gives an account of Supabase another plan of the catalog. */
export async function putOnPlan(account: string, plan: string): Promise<void> {
  const path = `/v1/admin/accounts/${encodeURIComponent(account)}/plan`
  const answer = await call(path, { token: stack.tokens.supabase.admin, body: { plan } })
  if (!answer.ok) throw new Error(`the plan was not set: ${answer.status}`)
}

/** The usage events of an account, once there are so many: the rows that its ledger gets. Newest first. */
export function eventsOf(account: string, count: number): Promise<UsageEvent[]> {
  return eventually(async () => {
    const entries = await redis<[string, string[]][]>('XREVRANGE', 'twohop:events', '+', '-', 'COUNT', 500)
    const events = entries.map(([, fields]) => fromPairs(fields)).filter((event) => event.account === account)
    return events.length >= count ? events : undefined
  })
}

/** A token of the same user that expired an hour ago. */
export async function expiredToken(token: string, platform: Platform): Promise<string> {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    sub: string
    email: string
  }
  const mints = createMint({
    keys,
    projectId: stack.issuers.firebase.projectId,
    supabaseUrl: stack.issuers.supabase.url,
    ttlSeconds: 3600,
    now: () => Date.now() - 2 * 3600 * 1000,
  })
  return platform === 'supabase'
    ? mints.mintSupabase({ id: claims.sub, email: claims.email })
    : mints.mintFirebase({ uid: claims.sub, email: claims.email })
}

export const newAddress = () => `${randomUUID()}@example.com`
