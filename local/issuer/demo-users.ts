import { CLAIMS_OBJECT } from '../../edge/identity/owner-claims.ts'
import type { Directory, LocalUser } from './directory.ts'
import type { FirebaseUser, Mint, SupabaseUser } from './mint.ts'
import { hashPassword } from './passwords.ts'

/** The password of each demo user with an address. It is no secret: users sign in from this machine alone. */
export const DEMO_PASSWORD = 'twohop-demo'

type Owner = LocalUser['owner']
type Demo = { owner: Owner; firebase: FirebaseUser; supabase: SupabaseUser }
type Addressed = Demo & { firebase: { email: string }; supabase: { email: string } }

/** One person as a user of both issuers. `owner` holds what the project's owner says of them. */
function demo(number: number, name: string, verified: boolean, owner: Owner): Addressed {
  const email = `${name}@example.com`
  return {
    owner,
    firebase: {
      uid: `demo-${name}`,
      name,
      email,
      emailVerified: verified,
      customClaims: { [CLAIMS_OBJECT]: owner },
    },
    supabase: {
      id: demoUuid(number),
      email,
      appMetadata: { [CLAIMS_OBJECT]: { ...owner, ...(verified && { email_verified: true }) } },
      userMetadata: { name },
    },
  }
}

const demoUuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

/** The demo users of the local stack, for both issuers: each plan and each reason to be refused. */
export const DEMO_USERS = {
  free: demo(1, 'free', true, {}),
  pro: demo(2, 'pro', true, { plan: 'pro' }),
  suspended: demo(3, 'suspended', true, { plan: 'pro', status: 'suspended' }),
  admin: demo(4, 'admin', true, { plan: 'pro', role: 'admin' }),
  unverified: demo(5, 'unverified', false, {}),
  anonymous: { owner: {}, firebase: { uid: 'demo-anonymous' }, supabase: { id: demoUuid(6) } },
} as const satisfies Record<string, Demo>

export type DemoName = keyof typeof DEMO_USERS
export type DemoTokens = { firebase: Record<DemoName, string>; supabase: Record<DemoName, string> }

/** A fresh token of each demo user from each issuer. */
export async function mintDemoTokens({ mintFirebase, mintSupabase }: Mint): Promise<DemoTokens> {
  const tokensOf = async (mint: (user: Demo) => Promise<string>) =>
    Object.fromEntries(
      await Promise.all(Object.entries(DEMO_USERS).map(async ([name, user]) => [name, await mint(user)])),
    )
  return {
    firebase: await tokensOf((user) => mintFirebase(user.firebase)),
    supabase: await tokensOf((user) => mintSupabase(user.supabase)),
  }
}

/** Lets the demo users sign in, by their address and DEMO_PASSWORD. */
export async function addDemoUsers(firebase: Directory, supabase: Directory): Promise<void> {
  const hash = await hashPassword(DEMO_PASSWORD)
  for (const { owner, firebase: user, supabase: same } of Object.values<Demo>(DEMO_USERS)) {
    const email = user.email
    const password = email === undefined ? undefined : hash
    const common = { email, password, owner, emailVerified: user.emailVerified === true }
    firebase.add({
      ...common,
      id: user.uid,
      profile: user.name === undefined ? {} : { displayName: user.name },
    })
    supabase.add({ ...common, id: same.id, profile: same.userMetadata ?? {} })
  }
}
