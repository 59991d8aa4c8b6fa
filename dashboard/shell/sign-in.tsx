import { useEffect, useState } from 'preact/hooks'
import { Failure } from '../parts/states.tsx'
import { NO_CALLS, SignInCalls } from '../sign-in/calls.ts'
import { type Kept, signInWith } from '../sign-in/session.ts'

type Props = {
  edge: string
  /** Why somebody has to sign in again. */
  told: string
  onSignedIn: (kept: Kept) => void
}

/** What the edge says of where its users sign in; nowhere, where it says nothing. */
async function askCalls(edge: string): Promise<SignInCalls> {
  const answer = await fetch(`${edge}/dashboard/sign-in.json`, { credentials: 'omit' })
  return SignInCalls.safeParse(await answer.json()).data ?? NO_CALLS
}

/** Signs in as the app's users do, or takes a credential that somebody has. */
export function SignIn({ edge, told, onSignedIn }: Props) {
  const [calls, setCalls] = useState<SignInCalls>()
  useEffect(() => {
    askCalls(edge).then(setCalls, () => setCalls(NO_CALLS))
  }, [edge])
  const platforms = (['supabase', 'firebase'] as const).filter((kind) => calls?.[kind])
  return (
    <main>
      <div class="sign-in">
        <h1>Sign in</h1>
        {told !== '' && <p role="status">{told}</p>}
        {calls === undefined && <p aria-busy="true">Loading</p>}
        {calls && platforms.length > 0 && (
          <WithPassword calls={calls} platforms={platforms} onSignedIn={onSignedIn} />
        )}
        <Pasted open={calls !== undefined && platforms.length === 0} onSignedIn={onSignedIn} />
      </div>
    </main>
  )
}

const NAMES = { supabase: 'Supabase', firebase: 'Firebase' } as const

type WithPasswordProps = {
  calls: SignInCalls
  platforms: readonly ('supabase' | 'firebase')[]
  onSignedIn: Props['onSignedIn']
}

function WithPassword({ calls, platforms, onSignedIn }: WithPasswordProps) {
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  async function send(event: SubmitEvent) {
    event.preventDefault()
    if (!(event.currentTarget instanceof HTMLFormElement)) return
    const form = new FormData(event.currentTarget)
    setBusy(true)
    setError(undefined)
    try {
      const kind = platforms.find((each) => each === form.get('platform')) ?? platforms[0] ?? 'supabase'
      onSignedIn(await signInWith(kind, calls, String(form.get('email')), String(form.get('password'))))
    } catch (thrown) {
      setError(thrown)
      setBusy(false)
    }
  }
  return (
    <form onSubmit={send}>
      <label>
        E-mail
        <input name="email" type="email" autocomplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      {platforms.length > 1 && (
        <label>
          Account at
          <select name="platform">
            {platforms.map((kind) => (
              <option key={kind} value={kind}>
                {NAMES[kind]}
              </option>
            ))}
          </select>
        </label>
      )}
      {error !== undefined && <Failure error={error} />}
      <button type="submit" id="sign-in" aria-busy={busy} disabled={busy}>
        Sign in
      </button>
    </form>
  )
}

function Pasted({ open, onSignedIn }: { open: boolean; onSignedIn: Props['onSignedIn'] }) {
  function send(event: SubmitEvent) {
    event.preventDefault()
    if (!(event.currentTarget instanceof HTMLFormElement)) return
    const token = String(new FormData(event.currentTarget).get('token')).trim()
    if (token !== '') onSignedIn({ kind: 'pasted', label: 'a pasted key or token', token })
  }
  return (
    <details open={open} id="pasted">
      <summary>With an API key or a token</summary>
      <form onSubmit={send}>
        <label>
          API key or token
          <input name="token" type="password" autocomplete="off" required />
        </label>
        <p class="quiet">It stays in this tab, and is gone when you close it.</p>
        <button type="submit">Use it</button>
      </form>
    </details>
  )
}
